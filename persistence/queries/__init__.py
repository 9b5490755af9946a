"""Answers to questions, read beside the writer."""
