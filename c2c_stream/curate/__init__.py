"""Decides which functions may become samples: policy first, then duplicates."""
