"""Parses files and slices out self-contained functions."""
