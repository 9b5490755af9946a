"""Sums over the watches, updated in the transaction of each change, so that a question costs a few index look-ups."""
