"""The one error that a sandbox raises when its walls cannot be built."""

from c2c_stream.errors import SettingsError


class SandboxUnavailable(SettingsError):
    """A required wall cannot be built here. Says which, and what to do; there is no fallback."""
