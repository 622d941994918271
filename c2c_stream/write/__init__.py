"""Writes arguments for a function."""
