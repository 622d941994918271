"""Why the curator turns a function down: a closed list.

The value is the code that rejections and metrics carry; the meaning is printed by the commands.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code."""

    @property
    def meaning(self) -> str:
        """What the code means, as the rest of a sentence about the function."""
        return _MEANINGS[self]

    DUP_EXACT = "dup_exact"
    OVER_LIMIT = "over_limit"


_MEANINGS = {
    Reason.DUP_EXACT: "the same function, normalised, came before",
    Reason.OVER_LIMIT: "curate.limit candidates were taken before",
}
