"""The rules of watching, pure: observations go in with their time, watches and events come out."""
