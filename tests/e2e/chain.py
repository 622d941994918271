"""Real runs of the whole chain, on modules of the running standard library."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

STDLIB = Path(sysconfig.get_path("stdlib"))
MODULES = (
    "base64",
    "bisect",
    "calendar",
    "cmd",
    "colorsys",
    "copy",
    "datetime",
    "difflib",
    "fnmatch",
    "fractions",
    "genericpath",
    "heapq",
    "html/__init__",
    "ipaddress",
    "json/decoder",
    "keyword",
    "locale",
    "mimetypes",
    "ntpath",
    "numbers",
    "opcode",
    "posixpath",
    "quopri",
    "random",
    "reprlib",
    "shlex",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "textwrap",
    "token",
    "tokenize",
    "turtle",
    "urllib/parse",
    "wsgiref/util",
    "zipapp",
    "email/quoprimime",
    "email/_parseaddr",
    "email/utils",
)


@dataclass(frozen=True)
class Run:
    """A finished `c2c` process and the folder that it wrote."""

    out: Path
    code: int
    stdout: str
    stderr: str


def c2c(
    *arguments: str | Path, timeout_s: float = 240, columns: int = 200, python: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, by this interpreter or by another one."""
    return subprocess.run(
        [str(python or sys.executable), "-m", "c2c_stream.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=os.environ | {"COLUMNS": str(columns)},
    )


def c2c_json(*arguments: str | Path) -> Any:
    """Run one command and return the JSON that it prints."""
    done = c2c(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def run_to_end(source: Path, out: Path, *options: str) -> Run:
    """Run the chain on `source`."""
    done = c2c("run", source, "--out", out, *options)
    return Run(out, done.returncode, done.stdout, done.stderr)


def rows_of(out: Path) -> list[dict[str, Any]]:
    """Return the dataset's rows in order."""
    rows: list[dict[str, Any]] = []
    for shard in sorted((out / "data").glob("*.parquet")):
        rows += pq.read_table(shard).to_pylist()
    return rows
