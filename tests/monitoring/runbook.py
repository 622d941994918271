"""The commands of docs/runbook.md, read from the page itself, and run as they stand there."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.processes import ROOT

PAGE: Final = ROOT / "docs" / "runbook.md"
# A command that waits for brokers gives up after a minute.
STEP_S: Final = 120.0
_FENCED: Final = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# What a command that tells trouble ends with, said in the block itself.
_ENDS: Final = re.compile(r"# exit code (\d+)")


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was run."""

    step: str
    code: int
    said: str

    @property
    def as_told(self) -> bool:
        """Say whether it ended as the page says: with 0, unless it names another exit code."""
        told = _ENDS.search(self.step)
        return self.code == (int(told[1]) if told else 0)


def prelude() -> str:
    """Return what is to be set once a shell, before any section."""
    return "\n".join(_blocks(_page().partition("\n## ")[0]))


def steps(alert: str) -> list[str]:
    """Return the commands of an alert's section, block after block."""
    found = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", _page(), re.MULTILINE | re.DOTALL)
    assert found, f"no section {alert}"
    return _blocks(found[1])


def run(step: str, told: Mapping[str, str], environment: Mapping[str, str], folder: Path) -> Done:
    """Run a step in a shell of its own. `told` is what the reader fills in: names, addresses."""
    filled = "".join(f"export {name}={value!r}\n" for name, value in told.items())
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{prelude()}\n{filled}\n{step}"],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP_S,
        env=dict(environment),
        cwd=folder,
    )
    return Done(step, done.returncode, done.stdout)


def _page() -> str:
    return PAGE.read_text(encoding="utf-8")


def _blocks(text: str) -> list[str]:
    return ["\n".join(line.strip() for line in m.splitlines()) for m in _FENCED.findall(text)]
