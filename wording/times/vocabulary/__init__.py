"""The words that say times, one module for each language."""
