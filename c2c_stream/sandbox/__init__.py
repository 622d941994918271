"""The walls, the warm interpreter and the pool that runs one function in one child."""
