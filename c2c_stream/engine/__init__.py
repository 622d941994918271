"""What drives a stage: pure decisions, and one loop with I/O (runner.py) that obeys them."""
