"""What every command shares: declaration, questions to other actors, pages, converters, errors."""
