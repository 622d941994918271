"""OUT/run.json: which run a folder holds, and of what."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from c2c_stream.errors import SettingsError
from c2c_stream.records import Repository

NAME = "run.json"
FORMAT = 1
BRIEF_CHARS = 200


@dataclass(frozen=True, slots=True)
class RunFile:
    """What a run was started with; a second start with the same goes on with it.

    `replay` is what it reads in place of its sources: which topic of which run, since when.
    """

    run: str
    version: str
    python: str
    broker: str
    sources: tuple[Repository, ...]
    settings: dict[str, Any]
    # Where the run's other commands find it; it may change, so it is no part of what is compared.
    schema_registry: str = ""
    replay: dict[str, str] | None = None
    # What executes: the version of jails' Python, or the image of containers.
    interpreter: str = ""


def read(out: Path) -> RunFile | None:
    """Return what OUT/run.json says, or None if there is none. Raises SettingsError."""
    path = out / NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        sources = tuple(Repository(**source) for source in found.pop("sources"))
        if found.pop("format") != FORMAT:
            raise SettingsError(f"{path}: written by another version of c2c; choose another --out")
        found.setdefault("interpreter", found["python"])  # what it was before one could choose
        return RunFile(sources=sources, **found)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise SettingsError(f"{path}: may not be read; choose another --out") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path}: no run file of ours ({error}); choose another --out"
        ) from error


def claim(out: Path, wanted: RunFile) -> RunFile:
    """Make OUT hold this run, or find that it already does. Raises SettingsError otherwise."""
    found = read(out)
    if found is None:
        _check_free(out)
        _write(out / NAME, wanted)
        return wanted
    for name in ("run", "broker", "python", "interpreter", "sources", "replay", "settings"):
        if getattr(found, name) != getattr(wanted, name):
            what, had, asked = _difference(name, getattr(found, name), getattr(wanted, name))
            raise SettingsError(
                f"{out} holds another run: its {what}: {_brief(had)},"
                f" asked for: {_brief(asked)};"
                f" choose another --out, or remove the folder"
            )
    return found


@contextmanager
def only_one(out: Path) -> Iterator[None]:
    """Hold the folder for one `c2c run`; a SIGKILL lets go of it. Raises SettingsError."""
    path = out / ".c2c" / "run.lock"
    try:
        path.parent.mkdir(exist_ok=True)
        opened = path.open("ab")
    except OSError as error:
        raise SettingsError(f"--out {out}: cannot be written: {error.strerror}") from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SettingsError(
                f"{out}: another c2c run is at work on it; wait for its end, or stop it first"
            ) from error
        yield


def _check_free(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is no folder; choose another --out")
    strangers = sorted(p.name for p in out.iterdir() if p.name != ".c2c") if out.is_dir() else []
    if strangers:
        raise SettingsError(
            f"{out} is not empty and holds no run ({strangers[0]!r} is in it); choose another --out"
        )


def _write(path: Path, run: RunFile) -> None:
    fields = {"format": FORMAT, **asdict(run)}
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(fields, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise SettingsError(f"--out {path.parent}: cannot be written: {error.strerror}") from error


def _difference(name: str, had: Any, asked: Any) -> tuple[str, Any, Any]:
    """Return the innermost name under which two values differ first, and both values."""
    if isinstance(had, dict) and isinstance(asked, dict):
        for key in sorted(had.keys() | asked.keys()):
            if had.get(key) != asked.get(key):
                return _difference(f"{name}.{key}", had.get(key), asked.get(key))
    return name, had, asked


def _brief(value: object) -> str:
    text = json.dumps(value, default=lambda v: asdict(v) if isinstance(v, Repository) else str(v))
    return text if len(text) <= BRIEF_CHARS else f"{text[:BRIEF_CHARS]}..."
