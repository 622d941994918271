"""What a child of the executor is asked: the one place that knows the fields of it."""

import re
from collections.abc import Sequence
from typing import Final

FUNCTION_STEPS_FACTOR: Final = 8  # calls at their limit that a function may make
# What a text names that reads a clock, the timezone or the locale.
_OF_A_PLACE: Final = ("time", "date", "locale", "calendar")
# What an import names whose own code reads one of them: the header of a gzip holds the time.
_READERS: Final = re.compile(
    r"^\s*(?:from|import)\b.*\b(?:email|gettext|gzip|http|imaplib|logging|mailbox|nntplib|smtplib"
    r"|sqlite3|tarfile|urllib|uuid|wsgiref|xmlrpc|zipfile)\b",
    re.MULTILINE,
)

# Where so many calls reach their limit, and none before them did not, the rest is not tried. More
# than one or two: the first inputs of a function are often its oddest.
ENDLESS_CALLS: Final = 3

Request = dict[str, object]


def request_of(  # the fields of a request
    code: str,
    entry_point: str,
    arguments: Sequence[str],
    *,
    steps: int,
    call_cpu_ms: int,
    max_result_bytes: int,
    max_cases_bytes: int,
) -> Request:
    """Return what all runs of one function are asked."""
    return {
        "code": code,
        "entry_point": entry_point,
        "calls": list(arguments),
        "steps": steps,
        "function_steps": steps * FUNCTION_STEPS_FACTOR,
        "call_cpu_ns": call_cpu_ms * 1_000_000,
        "max_result_bytes": max_result_bytes,
        "max_bytes": max_cases_bytes,
    }


def run_of(
    shared: Request,
    order: Sequence[int],
    seed: int,
    prepared: bytes = b"",
    *,
    elsewhere: bool = False,
    gives_up: bool = False,
) -> Request:
    """Return what one run is asked: `order` numbers the calls, `prepared` is code parsed before.

    `elsewhere`: under another clock, timezone and locale, where the text may ask for one of them.
    `gives_up`: no call has steps left behind the first ENDLESS_CALLS where all these are endless.
    """
    code = str(shared["code"])
    random = "random" in code
    return {
        **shared,
        "code": "" if prepared else shared["code"],
        "order": list(order),
        "endless_calls": ENDLESS_CALLS if gives_up else 0,
        "prepared": prepared,
        "seed": seed if random else None,
        "elsewhere": elsewhere and _may_read_a_clock(code),
        "prints": "print" in code,
    }


def _may_read_a_clock(code: str) -> bool:
    return any(word in code for word in _OF_A_PLACE) or _READERS.search(code) is not None
