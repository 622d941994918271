"""Every metric: name, unit, labels, help; nowhere else."""
