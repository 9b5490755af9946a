"""The rules of watching. Pure: observations go in with their time, watches and events come out."""
