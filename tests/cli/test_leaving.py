"""A service that is told to leave is gone in time, whatever holds it up."""

import pytest

from tests.processes import end_of

SERVICE = """
import threading
from c2c_stream.cli import leaving, reporting
from c2c_stream.cli.serve import logger_of
from c2c_stream.errors import Fatal

leaving.CLOSE_S = 0.1

def serve():
    with leaving.leaving_in_time(lambda: {told}, 0.1, logger_of("collector")) as leaves:
        {body}

reporting(serve)
"""
FOREVER = "threading.Event().wait()"


@pytest.mark.parametrize(
    ("body", "told", "code"),
    [
        pytest.param(FOREVER, True, 8, id="it does not come to its end"),
        pytest.param(f"leaves.end(); {FOREVER}", True, 0, id="its clients do not close"),
        pytest.param(f"leaves.end(Fatal('x')); {FOREVER}", False, 8, id="after an error of ours"),
        pytest.param(f"leaves.end(KeyError('x')); {FOREVER}", False, 1, id="after a bug"),
    ],
)
def test_what_would_wait_for_ever_is_ended(body: str, *, told: bool, code: int) -> None:
    found, said = end_of(SERVICE.format(told=told, body=body))
    assert found == code, said
    assert '"event": "left"' in said
    assert ("KeyError: 'x'" in said) == (code == 1)


def test_what_leaves_by_itself_is_left_alone() -> None:
    assert end_of(SERVICE.format(told=True, body="leaves.end()")) == (0, "")
