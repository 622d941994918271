"""Runs bundles by both recorders, in the interpreter that runs this. Standard library only.

Standard input: requests, in JSON. Standard output: for each the frames of either, in JSON.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

sys.path.insert(0, sys.argv[1])
from c2c_stream.execute import _recorder
from c2c_stream.execute.prepare import PREPARED
from c2c_stream.execute.run import MODULE, run_in_python


def told_by(run: Callable[[Any, Any], None], request: dict[str, Any]) -> list[str]:
    """Return the frames of a bundle, what was compiled aside."""
    frames: list[str] = []
    run({**request, "prepared": b""}, frames.append)
    sys.modules.pop(MODULE, None)
    return [frame for frame in frames if not frame.startswith(PREPARED)]


requests = json.load(sys.stdin)
both = [[told_by(run, one) for run in (_recorder.run, run_in_python)] for one in requests]
json.dump({"version": sys.version.split()[0], "told": both}, sys.stdout)
