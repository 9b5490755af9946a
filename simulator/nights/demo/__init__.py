"""The scripted night of `run.py simulate`."""
