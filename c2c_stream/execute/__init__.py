"""Runs a function on its inputs in a jail, twice, and keeps what is deterministic."""
