"""A program for the tests of the pool: does what the request says."""

import os
import sys
from collections.abc import Callable
from typing import Any


def main(request: dict[str, Any], emit: Callable[[str], None]) -> None:
    for text in request.get("say", ()):
        emit(text)
    source = request.get("source")
    if source:
        exec(source, {"emit": emit, "os": os, "sys": sys})  # noqa: S102  # that is the test
