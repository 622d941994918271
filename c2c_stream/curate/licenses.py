"""The licence policies: each maps a licence to a verdict. A further policy is a line in the table.

Policy is judged before duplication, so a copy that policy turns down never takes the slot.
"""

from collections.abc import Callable, Mapping

from c2c_stream.records import UNKNOWN_LICENSE

ALLOWED = "allowed"
UNKNOWN = "unknown"


def any_license(license_: str) -> str:
    """Let everything pass; mark what states no licence."""
    return UNKNOWN if license_ in {"", UNKNOWN_LICENSE} else ALLOWED


POLICIES: Mapping[str, Callable[[str], str]] = {"any": any_license}
