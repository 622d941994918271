"""A secret is in the environment or in a file: read it, and say what is wrong without it."""

from pathlib import Path

from pydantic import SecretStr

from c2c_stream.errors import SettingsError


def secret_of(name: str, value: SecretStr | None, file: Path | None) -> str:
    """Return the secret that `name` or `name`_file sets, without line ends; empty if none does.

    `name` is the setting's, for messages: "kafka.password". Raises SettingsError.
    """
    if value is not None and file is not None:
        raise SettingsError(f"{name} and {name}_file are both set; set one")
    if file is None:
        return value.get_secret_value() if value else ""
    try:
        found = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{name}_file: {file} cannot be read: {why}") from None
    if not found:
        raise SettingsError(f"{name}_file: {file} is empty")
    return found
