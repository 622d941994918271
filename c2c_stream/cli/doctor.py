"""`c2c doctor`: what a run needs, and whether it is here."""

import asyncio
import ctypes
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from c2c_stream.cli.brokers import broker_folder, is_kafka, open_kafka
from c2c_stream.cli.codecs import client_of
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import (
    BackendOption,
    BrokerOption,
    JsonOption,
    ModelOption,
    OutOption,
    PropertyOption,
    PythonOption,
    RegistryOption,
    RequireOption,
    RunOption,
    ServerOption,
    WriterOption,
    absolute,
    sandbox_flags,
    settings_from,
)
from c2c_stream.errors import C2CError
from c2c_stream.sandbox.interpreter import executing
from c2c_stream.settings import Settings, writer_of

OK: Final = "ok"
LOOK: Final = "look"
FAIL: Final = "fail"
COLOURS: Final = {OK: "green", LOOK: "yellow", FAIL: "red"}

PATIENCE_S: Final = 5.0
GIB: Final = 1 << 30
SCARCE_BYTES: Final = 5 * GIB
TOO_FEW_BYTES: Final = GIB // 4
# The local log is shared by processes through mapped memory, which these do not share.
REMOTE: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs")
_UNSYNCHRONISED: Final = 0x0040  # STA_UNSYNC of adjtimex(2)
_TIMEX_BYTES: Final = 256  # more than the kernel's struct timex
_STATUS_AT: Final = 40  # offset of its `status` on 64-bit machines


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its state, what was found, and what to do about it."""

    name: str
    state: str
    found: str
    advice: str = ""


def doctor(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    schema_registry: RegistryOption = None,
    writer: WriterOption = None,
    model: ModelOption = None,
    server: ServerOption = None,
    backend: BackendOption = None,
    require_walls: RequireOption = None,
    python: PythonOption = None,
    properties: PropertyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Say whether this machine has what a run needs, and what to do where it has not.

    Looks at Python, the sandbox's walls, the log or the brokers and their topics, the schema
    registry, the model, the disk and the clock, with the settings of a run. Changes nothing. Exit
    code 12 if anything must be mended; `look` is worth a look, and a run works without.
    """
    named = {"name": model, "servers": server}
    settings = settings_from(
        properties,
        out=out,
        broker=broker,
        run=run,
        schema_registry=schema_registry,
        write={"writer": writer} if writer else None,
        model={key: value for key, value in named.items() if value is not None},
        **sandbox_flags(backend, require_walls, python),
    )
    settings = settings.model_copy(update={"out": absolute(settings.out)})
    findings = list(examined(settings))
    if json_output:
        typer.echo(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        _print(findings)
    raise typer.Exit(Exit.UNFIT if any(one.state == FAIL for one in findings) else Exit.OK)


def examined(settings: Settings) -> Iterator[Finding]:
    """Look at one thing after the other."""
    for name, look in LOOKS.items():
        try:
            yield look(settings)
        except C2CError as error:
            yield Finding(name, FAIL, str(error))


def _python(settings: Settings) -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.release()}"
    if settings.sandbox.python:
        found = f"{found}; jails run {executing(settings.sandbox)}"
    if sys.platform != "linux":
        return Finding(
            "python", LOOK, found, "jails need Linux: take --backend docker for the sandbox"
        )
    return Finding("python", OK, found)


def _walls(settings: Settings) -> Finding:
    from c2c_stream.sandbox import Pool, Walls

    seen: list[Walls] = []
    pool = Pool("c2c_stream.execute.child:main", 1, settings.sandbox, told=seen.append)

    async def build() -> None:
        try:
            await pool.start()
        finally:
            await pool.stop()

    asyncio.run(build())
    found = seen[-1].told()
    if seen[-1].absent():
        return Finding(
            "walls",
            LOOK,
            found,
            "code runs behind the others; --require-walls all refuses to go on without",
        )
    return Finding("walls", OK, found)


def _broker(settings: Settings) -> Finding:
    if is_kafka(settings):
        with closing(open_kafka(settings, PATIENCE_S)) as there:
            if not there.described():
                return Finding(
                    "broker",
                    LOOK,
                    f"{settings.broker} answers and has no topic of the run {settings.run}",
                    "`c2c topics create` makes them, and so does `c2c run`",
                )
            wrong = there.differences()
        if wrong:
            return Finding("broker", FAIL, "; ".join(wrong), "see `c2c topics verify --help`")
        found = f"{settings.broker} answers, all topics of {settings.run} are as meant"
        return Finding("broker", OK, found)
    folder = broker_folder(settings)
    here = _nearest(folder)
    if not here.is_dir() or not os.access(here, os.W_OK | os.X_OK):
        return Finding("broker", FAIL, f"{here} cannot be written to", "name another with --out")
    kind = _filesystem(here)
    if kind in REMOTE:
        return Finding(
            "broker",
            FAIL,
            f"{folder} is on {kind}, where processes of several machines do not see one log",
            "name a folder on a disk of this machine with --broker local:PATH",
        )
    return Finding("broker", OK, f"a local log in {folder}")


def _schemas(settings: Settings) -> Finding:
    if not settings.schema_registry:
        return Finding("schemas", OK, "those of this version; no registry is set")
    client = client_of(settings)
    from c2c_stream.registry import subjects

    wrong = list(subjects.check(client))
    if wrong:
        return Finding("schemas", FAIL, "; ".join(wrong), "see `c2c schemas check --help`")
    wanting = [one.name for one in subjects.listed(client) if subjects.wanting(one)]
    if wanting and not settings.registry.register_schemas:
        return Finding(
            "schemas",
            FAIL,
            f"{client.url} lacks {', '.join(wanting)}",
            f"c2c schemas register --schema-registry {client.url}",
        )
    return Finding("schemas", OK, f"{client.url} holds all of this version, or takes them")


def _model(settings: Settings) -> Finding:
    writer = writer_of(settings)
    if writer == "search":
        return Finding("model", OK, "none: the search alone writes inputs")
    if settings.model.servers:
        from c2c_stream.write.model.servers import Servers

        async def meet() -> dict[str, str]:
            servers = Servers(settings.model)
            try:
                return await servers.meet()
            finally:
                await servers.stop()

        found = asyncio.run(meet())
        return Finding("model", OK, ", ".join(f"{name} at {url}" for url, name in found.items()))
    if find_spec("vllm") is None:
        return Finding(
            "model",
            FAIL,
            f"the writer {writer} runs {settings.model.name!r} in vLLM, which is not installed",
            "pip install 'c2c-stream[vllm]', or name its servers with --server",
        )
    return Finding("model", OK, f"{settings.model.name} in vLLM, on this machine")


def _disk(settings: Settings) -> Finding:
    folder = _nearest(settings.out)
    free = shutil.disk_usage(folder).free
    found = f"{free / GIB:,.1f} GiB free at {folder}"
    if not folder.is_dir():
        return Finding("disk", FAIL, f"{folder} is no folder", "name another with --out")
    if free < TOO_FEW_BYTES:
        return Finding("disk", FAIL, found, "name another folder with --out, or make room")
    if free < SCARCE_BYTES:
        return Finding("disk", LOOK, found, "a kept log takes some 10 KB a function looked at")
    return Finding("disk", OK, found)


def _clock(_: Settings) -> Finding:
    if sys.platform != "linux" or sys.maxsize < 1 << 32:
        return Finding("clock", LOOK, "not looked at on this machine")
    told = ctypes.create_string_buffer(_TIMEX_BYTES)
    if ctypes.CDLL(None).adjtimex(told) < 0:
        return Finding(
            "clock",
            LOOK,
            "the kernel may not be asked here (a container's filter of system calls)",
            "run `c2c doctor` on the host, too",
        )
    status = int.from_bytes(told.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder)
    if status & _UNSYNCHRONISED:
        return Finding(
            "clock",
            LOOK,
            "the kernel does not know it to be synchronised",
            "ages and deadlines of several machines are told by their clocks: run chrony or the"
            " like on each (in a container, on its host)",
        )
    return Finding("clock", OK, "synchronised")


LOOKS: Final[dict[str, Callable[[Settings], Finding]]] = {
    "python": _python,
    "walls": _walls,
    "broker": _broker,
    "schemas": _schemas,
    "model": _model,
    "disk": _disk,
    "clock": _clock,
}


def _nearest(path: Path) -> Path:
    """Return what is there of a path: itself, or the nearest of its parents."""
    return next(one for one in (path, *path.parents) if one.exists())


def _filesystem(folder: Path) -> str:
    """Return the type of the file system that a folder is on; empty where nobody tells."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (-1, "")
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4])
        if folder.is_relative_to(point):
            found = max(found, (len(point.parts), after.split()[0]))
    return found[1]


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in findings:
        text = escape(one.found) + (f"\n-> {escape(one.advice)}" if one.advice else "")
        colour = COLOURS[one.state]
        table.add_row(f"[{colour}]{one.state}[/{colour}]", one.name, text)
    Console().print(table, highlight=False)
