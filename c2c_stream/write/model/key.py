"""The servers' key: where it is read from, and how it is kept out of what people see."""

from c2c_stream.errors import SettingsError
from c2c_stream.settings import ModelSettings


def key_from(settings: ModelSettings) -> str:
    """Return the key; empty where none is set. Raises SettingsError."""
    file = settings.api_key_file
    if settings.api_key is not None and file is not None:
        raise SettingsError("model.api_key and model.api_key_file are both set; set one")
    if file is None:
        return settings.api_key.get_secret_value() if settings.api_key else ""
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"model.api_key_file: {file} cannot be read: {why}") from None
    if not key or not key.isascii() or not key.isprintable():
        raise SettingsError(f"model.api_key_file: {file} holds no key")
    return key


def urls_from(servers: str) -> list[str]:
    """Return the servers' URLs. Raises SettingsError."""
    urls = [url.strip().rstrip("/") for url in servers.split(",") if url.strip()]
    for url in urls:
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise SettingsError(
                "model.servers: write http://HOST:PORT/v1,..., with the key in model.api_key_file"
                " or C2C_MODEL__API_KEY"
            )
    return list(dict.fromkeys(urls))
