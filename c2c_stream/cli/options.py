"""Options that several commands share, and the settings that they make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from c2c_stream.connection import is_secret
from c2c_stream.errors import SettingsError
from c2c_stream.settings import Settings, load_settings

BROKER_HELP: Final = "local:PATH of the log, or kafka://HOST:PORT,... [C2C_BROKER]"
PROPERTY_HELP: Final = "Any librdkafka property, as KEY=VALUE; may be given again."

OutOption = Annotated[Path | None, typer.Option("--out", help="Folder of the run. [C2C_OUT]")]
BrokerOption = Annotated[str | None, typer.Option("--broker", help=BROKER_HELP)]
RunOption = Annotated[str | None, typer.Option("--run", help="The run's id. [C2C_RUN]")]
RegistryOption = Annotated[
    str | None,
    typer.Option(
        "--schema-registry",
        help="URL of a schema registry; records bear its ids. [C2C_SCHEMA_REGISTRY]",
    ),
]
PortOption = Annotated[
    int | None, typer.Option("--http-port", help="Port of /metrics; 0: a free one.")
]
WriterOption = Annotated[
    str | None,
    typer.Option(
        "--writer",
        help="What writes the inputs: auto, search, openai, vllm or hybrid; auto is hybrid where a"
        " model is named, else search. [C2C_WRITE__WRITER]",
    ),
]
ModelOption = Annotated[
    str | None, typer.Option("--model", help="The model's name. [C2C_MODEL__NAME]")
]
ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        help="Its OpenAI-compatible servers, http://HOST:PORT/v1,... [C2C_MODEL__SERVERS]",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PropertyOption = Annotated[
    list[str] | None,
    typer.Option("-X", metavar="KEY=VALUE", help=PROPERTY_HELP, show_default=False),
]

BackendOption = Annotated[
    str | None,
    typer.Option(help="What holds the walls: jail or docker. [C2C_SANDBOX__BACKEND]"),
]
RequireOption = Annotated[
    str | None,
    typer.Option(
        help="Walls that must stand: all, all-but-cgroup, or a list. [C2C_SANDBOX__REQUIRE_WALLS]"
    ),
]
PythonOption = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PATH",
        help="Interpreter that jails run, a path or a command; left out: the one that runs c2c."
        " [C2C_SANDBOX__PYTHON]",
    ),
]


def settings_from(
    properties: Sequence[str] | None, kafka: dict[str, Any] | None = None, **flags: Any
) -> Settings:
    """Return the settings under flags of which None leaves what is set elsewhere."""
    given = {name: value for name, value in flags.items() if value is not None}
    chosen = {name: value for name, value in (kafka or {}).items() if value is not None}
    return load_settings(**given, kafka=chosen | properties_from(properties))


def sandbox_flags(
    backend: str | None, require_walls: str | None, python: str | None
) -> dict[str, Any]:
    """Return the options that were given, as part of the settings, if any."""
    given = {"backend": backend, "require_walls": require_walls, "python": python}
    chosen = {name: value for name, value in given.items() if value is not None}
    return {"sandbox": chosen} if chosen else {}


def properties_from(properties: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Return what -X says, as part of the settings of Kafka. Raises SettingsError."""
    found = dict(_pair(one) for one in properties or ())
    return {"properties": found} if found else {}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    name = name.strip()
    if not name or not equals:
        raise SettingsError("-X: write KEY=VALUE, with a name of librdkafka's as KEY")
    if is_secret(name):
        raise SettingsError(
            f"-X {name}: a command line can be read by others; put the secret into the environment"
            f" (C2C_KAFKA__PASSWORD), into a file (kafka.password_file), or into the file that"
            f" C2C_CONFIG names ([kafka.properties])"
        )
    return name, value


def absolute(path: Path) -> Path:
    """Return an absolute path. Raises SettingsError where the current folder is no more."""
    try:
        return path.absolute()
    except FileNotFoundError as error:
        raise SettingsError("the current folder was removed; cd to one that exists") from error


def absolute_broker(broker: str) -> str:
    """Return local:PATH with its path absolute: the run's other commands start elsewhere."""
    kind, _, path = broker.partition(":")
    return f"{kind}:{absolute(Path(path))}" if kind == "local" and path else broker
