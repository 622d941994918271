"""`c2c run`: sources in, a verified dataset out, on one machine."""

import json
import math
import os
import platform
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from c2c_stream import __version__
from c2c_stream.broker.run import KAFKA_SCHEME, RunLog
from c2c_stream.cli import brokers, codecs, runfile
from c2c_stream.cli.children import Children
from c2c_stream.cli.exits import Exit, table
from c2c_stream.cli.funnel import Funnel
from c2c_stream.cli.options import (
    BackendOption,
    ModelOption,
    PropertyOption,
    PythonOption,
    RegistryOption,
    RequireOption,
    ServerOption,
    WriterOption,
    absolute,
    absolute_broker,
    sandbox_flags,
    settings_from,
)
from c2c_stream.cli.supervisor import (
    Interrupted,
    feed,
    interrupt_on_signals,
    interruptible,
    supervise,
)
from c2c_stream.curate.stage import Curator
from c2c_stream.ingest.stage import check_remote, check_source
from c2c_stream.records import Repository
from c2c_stream.sandbox.interpreter import executing
from c2c_stream.settings import Settings, said_of, writer_of

if TYPE_CHECKING:
    from c2c_stream.cli.report import Report

# What the dataset depends on; the rest (jobs, ports, commit sizes) may differ at the next start.
_IDENTITY = ("ingest", "collect", "curate", "write", "model", "execute", "format", "sink")
_SPEED = {
    "jobs",
    "fetch_timeout_s",
    "git_timeout_s",
    "servers",
    "api_key_file",
    "request_s",
    "in_flight",
    "cache_folder",
}

BROKER_HELP = "local:PATH of the log, or kafka://HOST:PORT,... [C2C_BROKER, or OUT/.c2c]"

LEFT = (
    "the run's topics and groups stay until"
    " `c2c topics delete --broker {broker} --run {run} --execute`"
)

HELP = """Turn sources into a dataset in which every case was executed.

A SOURCE is a git repository (URL or path), a folder, a .zip or .tar archive, a .py file, or a
JSONL or Parquet dump. Stop it with Ctrl-C; the same command goes on from there.

On kafka:// the run has topics and groups of its own. What its services have read is trimmed as it
goes (not with --keep), dead letters excepted; the rest stays until
`c2c topics delete --run ID --execute`.
"""
EPILOG = f"Exit codes:\n\n{table()}"


def run(  # the options are the command's surface
    sources: Annotated[list[str], typer.Argument(help="What to read.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder of the dataset and the run.")] = Path("c2c-out"),
    writer: WriterOption = None,
    model: ModelOption = None,
    server: ServerOption = None,
    broker: Annotated[str | None, typer.Option(help=BROKER_HELP)] = None,
    schema_registry: RegistryOption = None,
    jobs: Annotated[int, typer.Option(min=0, help="Jails at once; 0: one a core.")] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="First N candidates in source order.")
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="parquet or jsonl.")] = "parquet",
    layout: Annotated[str, typer.Option(help="completion or chat.")] = "completion",
    license_policy: Annotated[str, typer.Option(help="Licence policy: any.")] = "any",
    column: Annotated[str, typer.Option(help="Column of a dump that holds the text.")] = "",
    keep: Annotated[bool, typer.Option(help="Trim nothing: keep every record.")] = False,
    backend: BackendOption = None,
    require_walls: RequireOption = None,
    python: PythonOption = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    properties: PropertyOption = None,
) -> None:
    """See HELP."""
    where = absolute_broker(settings_from(properties, broker=broker).broker)
    settings = settings_from(
        properties,
        # What nobody has read must not expire; what all have read is trimmed.
        kafka={"retention_hours": 0},
        **_run_id(absolute(out), where),
        out=absolute(out),
        broker=where,
        **_section(schema_registry=schema_registry),
        keep=keep,
        # Each of the services takes a free one.
        http_port=0,
        curate=_section(license_policy=license_policy, limit=limit),
        write=_section(writer=writer, jobs=jobs),
        model=_section(name=model, servers=server),
        execute=_section(jobs=jobs),
        sink=_section(format=file_format, layout=layout),
        **sandbox_flags(backend, require_walls, python),
    )
    console = Console(stderr=json_output)
    # What services would refuse is refused before the folder holds a run.
    brokers.check(settings)
    Curator(settings.curate)
    codec = codecs.patiently(settings)
    wanted = _wanted(settings, tuple(check_source(source, column) for source in sources))
    if runfile.read(settings.out) is None:
        for source in wanted.sources:
            check_remote(source, settings.ingest)
    found = runfile.claim(settings.out, wanted)

    def begin(log: RunLog) -> None:
        feed(log, found.sources, codec)
        console.print(f"{', '.join(s.url for s in found.sources)} -> {settings.out}", markup=False)
        console.print(f"writer: {said_of(settings)}", markup=False)

    drive(settings, found, console, begin, json_output=json_output)


def drive(
    settings: Settings,
    run: runfile.RunFile,
    console: Console,
    begin: Callable[[RunLog], None],
    *,
    json_output: bool,
) -> None:
    """Carry a run out and leave with its exit code. `begin` puts the run's first records there."""
    try:
        with interruptible(), runfile.only_one(settings.out):
            found = _run(settings, run, console, begin)
    except Interrupted:
        console.print("\nstopped; the same command goes on from here")
        raise typer.Exit(Exit.INTERRUPTED) from None
    from c2c_stream.cli import report

    if json_output:
        typer.echo(json.dumps(report.as_json(found), indent=2))
    for line in report.lines_of(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if brokers.is_kafka(settings):
        left = LEFT.format(broker=settings.broker, run=settings.run)
        console.print(left, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(report.exit_of(found.progress, found.verified))


def _run(
    settings: Settings, run: runfile.RunFile, console: Console, begin: Callable[[RunLog], None]
) -> "Report":
    began = time.monotonic()  # noqa: TID251  # the user is told how long it took
    log = brokers.open_run(settings, patience_s=math.inf)
    children = Children(settings, settings.out / ".c2c" / "logs")
    interrupt_on_signals()
    log.create()
    begin(log)
    with Funnel(console) as funnel:
        progress = supervise(log, children, settings, funnel)
    if not settings.keep:
        log.trim()
    log.close()
    console.print("verifying some rows, writing the card")
    from c2c_stream.cli import report

    verified = report.verify_some(settings, progress)
    summary = report.card_of(run, settings.out, progress, verified)
    seconds = time.monotonic() - began  # noqa: TID251  # the same
    return report.Report(settings.out, progress, summary, verified, seconds)


def _wanted(settings: Settings, sources: tuple[Repository, ...]) -> runfile.RunFile:
    return runfile.RunFile(
        run=settings.run,
        version=__version__,
        python=platform.python_version(),
        interpreter=executing(settings.sandbox),
        broker=settings.broker,
        sources=sources,
        settings=identity_of(settings),
        schema_registry=settings.schema_registry,
    )


def identity_of(settings: Settings) -> dict[str, Any]:
    """Return the settings that the dataset depends on."""
    dumped = settings.model_dump(mode="json", include=set(_IDENTITY))
    dumped["write"]["writer"] = writer_of(settings)
    if writer_of(settings) == "search":
        del dumped["model"]
    return {
        section: {name: value for name, value in values.items() if name not in _SPEED}
        for section, values in dumped.items()
    }


def _section(**flags: object) -> dict[str, object]:
    """Return flags for one section of the settings; None leaves the default."""
    return {name: value for name, value in flags.items() if value is not None}


def _run_id(out: Path, broker: str) -> dict[str, str]:
    """Return the run's id: on a cluster one of its own, made at the first start."""
    found = runfile.read(out)
    if not broker.startswith(KAFKA_SCHEME):
        return {}
    if found is not None and found.broker.startswith(KAFKA_SCHEME):
        return {"run": found.run}
    if "C2C_RUN" not in os.environ:
        return {"run": f"run-{uuid.uuid4().hex[:12]}"}
    return {}
