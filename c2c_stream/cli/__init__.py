"""The commands, nothing else."""
