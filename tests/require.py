"""What a test does where a part is missing: skip it, or fail under C2C_REQUIRE=all."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(part: str) -> NoReturn:
    """Skip the test for want of `part`; a failure where everything is required."""
    if os.environ.get("C2C_REQUIRE") == "all":
        pytest.fail(f"C2C_REQUIRE=all, and this machine lacks {part}")
    pytest.skip(f"needs {part}")


def require_command(name: str) -> None:
    """Go on only if a command is on PATH."""
    if shutil.which(name) is None:
        missing(f"the command {name}")
