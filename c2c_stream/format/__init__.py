"""Turns cases into training and evaluation samples."""
