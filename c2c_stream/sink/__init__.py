"""Writes the dataset and its audit trail."""
