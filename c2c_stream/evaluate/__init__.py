"""Re-executes a dataset's cases and says how many hold."""
