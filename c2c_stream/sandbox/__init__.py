"""The walls, the warm interpreter and the pool that runs one function in one child."""

from c2c_stream.sandbox.pool import Pool
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Ended, Reply, Verdict
from c2c_stream.sandbox.walls import Walls

__all__ = ["Ended", "Pool", "Reply", "SandboxUnavailable", "Verdict", "Walls"]
