"""The servers' key: where it is read from, and how it is kept out of what people see."""

from c2c_stream.errors import SettingsError
from c2c_stream.secret import secret_of
from c2c_stream.settings import ModelSettings


def key_from(settings: ModelSettings) -> str:
    """Return the key; empty where none is set. Raises SettingsError."""
    key = secret_of("model.api_key", settings.api_key, settings.api_key_file).strip()
    if not key.isascii() or not key.isprintable():
        raise SettingsError("model.api_key: it holds what no HTTP header may")
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
