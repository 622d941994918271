"""Every setting, typed and documented once: flags, environment, TOML file, default, in that order.

A setting `write.steps` is `C2C_WRITE__STEPS` in the environment and `steps` under `[write]` in the
file that C2C_CONFIG names (services/*/service.toml for the services).
"""

import json
import os
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as Unreadable

from c2c_stream.connection import Connection
from c2c_stream.errors import SettingsError

KIB = 1024
MIB = 1024 * KIB


class Section(BaseModel):
    """Settings of one part; an unknown name is an error, not a typo that nobody sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EngineSettings(Section):
    """How a service reads, keeps and commits."""

    flush_age_s: float = Field(0.25, gt=0, le=60, description="Commit at this age, in seconds.")
    flush_records: int = Field(500, ge=1, description="Commit at this many finished records.")
    flush_bytes: int = Field(4 * MIB, ge=KIB, description="Commit at this many bytes of output.")
    settle_idle_s: float = Field(
        0.5, gt=0, le=60, description="Idle for so long, finish what waits for more (short shards)."
    )
    window_records: int = Field(1024, ge=1, description="Most records delivered and uncommitted.")
    window_bytes: int = Field(64 * MIB, ge=MIB, description="Most bytes delivered, uncommitted.")
    max_attempts: int = Field(3, ge=1, description="Attempts a record, then it is a dead letter.")
    retry_base_s: float = Field(0.5, gt=0, description="Wait before the second attempt, seconds.")
    record_deadline_s: float = Field(300, gt=0, description="Most seconds one attempt may take.")
    drain_s: float = Field(20, gt=0, description="Most seconds from SIGTERM to the last commit.")
    breaker_dead_in_a_row: int = Field(50, ge=1, description="Dead letters in a row that stop it.")
    breaker_share: float = Field(
        0.5, gt=0, le=1, description="Share of dead letters, in the last records, that stops it."
    )
    breaker_records: int = Field(
        500, ge=1, description="How many last records the share is taken of."
    )
    revoke_s: float = Field(
        5, ge=0, description="Most seconds to finish what a rebalance takes away."
    )
    hold_lag_records: int = Field(
        20_000, ge=1, description="Hold intake while more records than this wait further on."
    )
    hold: Literal["each", "ingester"] | None = Field(
        None,
        description="Who holds: each stage, by what waits for the next one; or the ingester alone,"
        " by the most that waits for any. Empty: each on the local log, the ingester on Kafka.",
    )


class KafkaSettings(Section, Connection):
    """How Kafka is used where `broker` names one."""

    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="Tells processes of one service apart, the same after a restart; empty: host.",
    )
    partitions: int = Field(4, ge=1, le=10_000, description="Partitions of a topic that is made.")
    replication: int = Field(1, ge=1, le=32, description="Replicas of a topic that is made.")
    retention_hours: int = Field(
        168, ge=0, description="Hours that a record is kept, read or not; 0: for ever."
    )
    group_protocol: Literal["classic", "consumer"] = Field(
        "classic", description="classic (cooperative-sticky) or consumer (KIP-848)."
    )
    static_membership: bool = Field(
        default=False,
        description="Keep a stopped instance's partitions for it; for a fixed number of them.",
    )
    give_up_s: float = Field(
        0, ge=0, description="Stop when no broker answers at the start for so long; 0: wait."
    )
    state_folder: Path | None = Field(
        None, description="Folder of copies of keyed state; empty: OUT/.c2c/state."
    )


class TraceSettings(Section):
    """Where spans are sent; a login, certificates: the environment's OTEL_EXPORTER_OTLP_*."""

    endpoint: str = Field(
        "",
        description="URL that takes spans by OTLP over HTTP, http://HOST:4318/v1/traces; empty:"
        " none are sent.",
    )
    share: float = Field(
        1, ge=0, le=1, description="Share of the traces that are sent: the same files everywhere."
    )


class RegistrySettings(Section):
    """How the schema registry is used where `schema_registry` names one."""

    register_schemas: bool = Field(
        default=False, description="Register schemas that it lacks; else that is an error."
    )
    username: str = Field("", description="The user of its HTTP login; empty: none.")
    password: SecretStr | None = Field(
        None, exclude=True, description="Its password; in the environment only."
    )
    password_file: Path | None = Field(None, description="The file that holds its password.")
    ca_file: Path | None = Field(
        None, description="Certificates that it is trusted by, PEM; empty: the usual ones."
    )


class IngestSettings(Section):
    """Where sources are read and what is passed over."""

    max_file_bytes: int = Field(512 * KIB, ge=1, description="Largest source file, in bytes.")
    fetch_timeout_s: float = Field(1800, gt=0, description="Most seconds one git fetch may take.")
    git_timeout_s: float = Field(60, gt=0, description="Most seconds of silence from git.")


class FollowSettings(Section):
    """How `c2c follow --listen` knows who pushes."""

    secret: SecretStr | None = Field(
        None, exclude=True, description="The webhooks' secret; in the environment only."
    )
    secret_file: Path | None = Field(None, description="The file that holds the webhooks' secret.")


class CollectSettings(Section):
    """The static rules."""

    max_lines: int = Field(100, ge=1, description="Longest function, in lines.")
    max_dependencies: int = Field(12, ge=0, description="Most helpers and constants in a bundle.")
    max_bundle_lines: int = Field(200, ge=1, description="Longest bundle, in lines.")
    max_bundle_bytes: int = Field(64 * KIB, ge=1, description="Largest bundle, in bytes.")
    max_class_lines: int = Field(80, ge=1, description="Longest class in a bundle, in lines.")
    parse_memory_bytes: int = Field(
        1024 * MIB, ge=128 * MIB, description="Memory of a parse worker."
    )
    parse_cpu_s: int = Field(10, ge=1, description="CPU seconds that one file may take.")


class CurateSettings(Section):
    """What may become a sample."""

    license_policy: str = Field("any", description="Licence policy: any.")
    limit: int | None = Field(None, ge=1, description="Pass only the first N candidates.")


class WriteSettings(Section):
    """How inputs are written."""

    writer: Literal["auto", "search", "openai", "vllm", "hybrid"] = Field(
        "auto",
        description="search; openai or vllm: a model alone; hybrid: a model for what the search"
        " left short. auto: hybrid if a model is named, else search.",
    )
    inputs: int = Field(20, ge=3, le=100, description="Inputs to write for each function.")
    steps: int = Field(
        60_000, ge=1000, description="Budget of the search, in executed edges a function."
    )
    cpu_ms: int = Field(
        4000, ge=100, description="CPU milliseconds behind the budget; beyond, it is rejected."
    )
    jobs: int = Field(0, ge=0, description="Jails to write in at once; 0 is one a core.")


class ModelSettings(Section):
    """The language model that writes inputs, and when the hybrid asks it."""

    name: str = Field(
        "", description="The model's name at its servers, or for vllm; empty: the only one there."
    )
    servers: str = Field(
        "", description="URLs of OpenAI-compatible servers, http://HOST:PORT/v1,...; empty: none."
    )
    revision: str = Field("", description="Its revision: recorded in rows, and loaded by vllm.")
    api_key: SecretStr | None = Field(
        None, exclude=True, description="The servers' key; in the environment only."
    )
    api_key_file: Path | None = Field(None, description="The file that holds the servers' key.")
    endpoint: Literal["auto", "chat", "completions"] = Field(
        "auto",
        description="chat or completions; auto: chat, unless the model has no chat template.",
    )
    structured: Literal["auto", "vllm", "llama", "json", "none"] = Field(
        "auto",
        description="How outputs are held to the grammar: vLLM's or llama.cpp's way, by a JSON"
        " schema, or none. auto: by what the server says it is.",
    )
    prompt_file: Path | None = Field(None, description="A prompt in place of ours.")
    inputs: int = Field(6, ge=1, le=50, description="Inputs to ask for in one request.")
    temperature: float = Field(0.8, ge=0, le=2, description="Sampling temperature.")
    top_p: float = Field(0.95, gt=0, le=1, description="Share of likely tokens to sample from.")
    max_tokens: int = Field(512, ge=16, description="Most tokens of one output.")
    max_prompt_chars: int = Field(24_000, ge=1000, description="Longest prompt that is sent.")
    engine: dict[str, Any] = Field(
        {},
        description="What else vLLM's engine in this process is given, in JSON:"
        ' {"tensor_parallel_size": 2}.',
    )
    request_s: float = Field(
        120, gt=0, description="Most seconds of a request, and of waiting to send it."
    )
    in_flight: int = Field(64, ge=1, description="Most requests in flight at one server.")
    cache_folder: Path | None = Field(
        None, description="Folder of finished generations; empty: OUT/.c2c/model."
    )
    when_inputs_below: int = Field(
        3, ge=0, description="Hybrid: ask where the search has fewer inputs that return a value."
    )
    when_outputs_below: int = Field(
        2, ge=0, description="Hybrid: ask where they have fewer distinct results."
    )
    when_coverage_below: float = Field(
        0.9, ge=0, le=1, description="Hybrid: ask where they cover less of the edges."
    )
    when_implausible_above: float = Field(
        0.5, ge=0, le=1, description="Hybrid: ask where more of them are of unlikely kinds."
    )
    sampled_share: float = Field(
        0.02, ge=0, le=1, description="Hybrid: ask for so many of the others, to vary the rows."
    )


class SandboxSettings(Section):
    """The walls around code that is run."""

    backend: Literal["jail", "docker"] = Field(
        "jail", description="What holds the walls: jail (Linux) or docker."
    )
    image: str = Field(
        "", description="Image of the docker backend; empty: python:3.X-slim, X as here."
    )
    python: str = Field(
        "",
        description="Interpreter that jails run, a path or a command; empty: the one of c2c.",
    )
    require_walls: str = Field(
        "all-but-cgroup", description="Walls that must stand: all, all-but-cgroup, or a list."
    )
    memory_bytes: int = Field(512 * MIB, ge=64 * MIB, description="Address space of a child.")
    requests_per_jail: int = Field(20_000, ge=1, description="Rotate a jail after this many.")


class ExecuteSettings(Section):
    """The limits of a call, and what is kept."""

    jobs: int = Field(0, ge=0, description="Jails to execute in at once; 0 is one a core.")
    steps: int = Field(200_000, ge=1000, description="Steps (executed edges) a call may take.")
    cpu_ms: int = Field(2000, ge=10, description="CPU milliseconds a function may take.")
    max_result_bytes: int = Field(8 * KIB, ge=64, description="Longest repr that is kept.")
    max_cases_bytes: int = Field(256 * KIB, ge=KIB, description="All cases of one function.")


class FormatSettings(Section):
    """How samples are made from cases."""

    max_prompt_chars: int = Field(32_768, ge=1000, description="Longest prompt, in characters.")
    min_visible: int = Field(
        3, ge=1, description="Fewest cases in a prompt; fewer only where none could be hidden."
    )
    max_visible: int = Field(10, ge=1, description="Most cases in a prompt.")


class SinkSettings(Section):
    """How the dataset is written."""

    format: Literal["parquet", "jsonl"] = Field("parquet", description="parquet or jsonl.")
    layout: Literal["completion", "chat"] = Field(
        "completion", description="completion (prompt, completion) or chat (messages)."
    )
    shard_rows: int = Field(
        2_000, ge=1, le=10_000, description="Offsets of a full shard; at most so many rows."
    )


class Settings(BaseSettings):
    """All settings of a service."""

    model_config = SettingsConfigDict(
        env_prefix="C2C_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    run: str = Field("main", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="The run's id.")
    broker: str = Field(
        "", description="local:PATH of the log, or kafka://HOST:PORT,...; empty: OUT/.c2c."
    )
    schema_registry: str = Field(
        "", description="URL of a schema registry (Confluent's interface); empty: none."
    )
    out: Path = Field(Path("c2c-out"), description="The folder of the dataset and the run.")
    keep: bool = Field(default=False, description="Do not trim what all groups have read.")
    http_host: str = Field("127.0.0.1", description="Address of /metrics, /livez and /readyz.")
    http_port: int = Field(0, ge=0, le=65535, description="Their port; 0 takes a free one.")

    engine: EngineSettings = EngineSettings()
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    traces: TraceSettings = TraceSettings()
    ingest: IngestSettings = IngestSettings()
    follow: FollowSettings = FollowSettings()
    collect: CollectSettings = CollectSettings()
    curate: CurateSettings = CurateSettings()
    write: WriteSettings = WriteSettings()
    model: ModelSettings = ModelSettings()
    sandbox: SandboxSettings = SandboxSettings()
    execute: ExecuteSettings = ExecuteSettings()
    format: FormatSettings = FormatSettings()
    sink: SinkSettings = SinkSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return flags, then the environment, then the file."""
        config = os.environ.get("C2C_CONFIG")
        file = TomlConfigSettingsSource(settings_cls, config or None)
        return (init_settings, env_settings, file)


def load_settings(**flags: Any) -> Settings:
    """Return the settings; `flags` win. Raises SettingsError that names each wrong setting."""
    config = os.environ.get("C2C_CONFIG")
    if config and not Path(config).is_file():
        raise SettingsError(f"C2C_CONFIG names {config!r}, which is no file")
    try:
        return Settings(**flags)
    except ValidationError as error:
        wrong = "; ".join(map(_told, error.errors()))
        # Nothing of the cause is kept: its text holds what was found, secrets among it.
        raise SettingsError(f"settings: {wrong}") from None
    except (Unreadable, TOMLDecodeError) as error:
        raise SettingsError(f"settings: {error}") from None


_WITH_SECRETS: dict[str, type[Section]] = {
    "kafka": KafkaSettings,
    "registry": RegistrySettings,
    "model": ModelSettings,
    "follow": FollowSettings,
}
_UNTOLD = frozenset({"password", "oauth_client_secret", "properties", "api_key", "secret"})


def _told(error: ErrorDetails) -> str:
    """Return one wrong setting in words, with what was found unless that may be a secret."""
    match error["loc"]:
        case (str(section), str(name)) if section in _WITH_SECRETS:
            told = name in _WITH_SECRETS[section].model_fields and name not in _UNTOLD
        case () | (_, "properties", *_):
            told = False
        case (str(section),):
            told = section not in _WITH_SECRETS
        case _:
            told = True
    found = f" (found {error['input']!r})" if told else ""
    wrong = "there is no such setting" if error["type"] == "extra_forbidden" else error["msg"]
    return f"{'.'.join(map(str, error['loc']))}: {wrong}{found}"


def forget_secrets() -> None:
    """Leave nothing of sections with secrets in the environment for what we start."""
    ours = tuple(f"C2C_{section.upper()}" for section in _WITH_SECRETS)
    for name in [name for name in os.environ if name.upper().startswith(ours)]:
        del os.environ[name]


def writer_of(settings: Settings) -> str:
    """Return the writer to use: the one that is set; auto is hybrid where a model is named.

    Raises SettingsError for a writer whose model is not named.
    """
    chosen, model = settings.write.writer, settings.model
    if chosen == "auto":
        return "hybrid" if model.servers or model.name else "search"
    if chosen == "openai" and not model.servers:
        raise SettingsError("model.servers is missing; the writer openai needs a server's URL")
    if chosen in ("vllm", "hybrid") and not (model.name or model.servers):
        raise SettingsError(f"model.name is missing; the writer {chosen} needs a model")
    return chosen


def said_of(settings: Settings) -> str:
    """Return which writer works, in words."""
    chosen, model = writer_of(settings), settings.model
    if chosen == "search":
        return "search (no model is named)" if settings.write.writer == "auto" else "search"
    named = model.name or "the model"
    where = f"{named} at {model.servers}" if model.servers and chosen != "vllm" else named
    return f"{chosen} ({where})"


def jobs_of(jobs: int) -> int:
    """Return how many jails to use at once: those asked for, or one a core that we may use."""
    if hasattr(os, "sched_getaffinity"):
        return jobs or len(os.sched_getaffinity(0))
    return jobs or os.cpu_count() or 1  # not every system tells which


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment under which a child process has the same settings.

    No secret is in it: a child has those from where we have them, the environment or a file.
    """
    return {
        f"C2C_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.model_dump(mode="json").items()
    }
