"""Reads repositories, folders, archives and dumps; one record a Python file."""
