"""A time that a user writes."""

from datetime import UTC, datetime

from c2c_stream.errors import SettingsError


def moment_of(option: str, text: str | None) -> float | None:
    """Return a time of ISO 8601 as wall-clock seconds. Raises SettingsError."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"{option}: found {text!r}; write a time of ISO 8601 such as 2026-03-01T12:00+01:00"
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
