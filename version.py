"""The version of Usher: the one place that says it."""

VERSION = "1.1.0"
