"""The words for times, one module for each language."""
