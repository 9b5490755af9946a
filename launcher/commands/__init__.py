"""What the commands of `run.py` do: a module for each."""
