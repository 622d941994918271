"""What every jail of a pool is built from, and how its interpreter is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_PROCESSES: Final = 8  # a jail has three at most
# What a zygote and its arena take; a child's own limit strikes first.
BESIDE_THE_CHILD_BYTES: Final = 128 * 1024 * 1024
_PACKAGE: Final = "c2c_stream"
# Not -I: it would ignore the hash seed. Columns of tracebacks are only weight for each fork.
OPTIONS: Final = ("-s", "-S", "-P", "-X", "no_debug_ranges")

_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "LD_BIND_NOW": "1",  # or each child would resolve the same symbols anew
    "PYTHONUTF8": "1",
}
# Packages are put in place bare, so that no __init__ imports what a jail must not hold.
_BOOTSTRAP: Final = """
import sys, types
def place(name, folder):
    package = types.ModuleType(name)
    package.__path__ = [folder]
    sys.modules[name] = package
for name in sys.argv[4:]:
    place(name, sys.argv[3] + "/" + name.replace(".", "/"))
from c2c_stream.sandbox.{launcher} import main
main(*map(int, sys.argv[1:3]))
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every jail of a pool is built from."""

    program: str
    preload: tuple[str, ...]
    search: tuple[str, ...]
    hash_seed: int
    memory_bytes: int
    python: str = ""  # of jails
    image: str = ""  # of containers


def command_of(plan: Plan, launcher: str, control: int, arena: int, folder: str) -> list[str]:
    """Return what runs the main of `launcher`, with our package found in `folder`."""
    bootstrap = _BOOTSTRAP.replace("{launcher}", launcher)
    return [*OPTIONS, "-c", bootstrap, str(control), str(arena), folder, *_packages(plan)]


def environment_of(plan: Plan) -> Mapping[str, str]:
    """Return the whole environment of a jail's interpreter."""
    return {**_ENVIRONMENT, "PYTHONHASHSEED": str(plan.hash_seed)}


def package_folder() -> Path:
    """Return the folder that our package is imported from."""
    return Path(__file__).resolve().parents[2]


def _packages(plan: Plan) -> list[str]:
    """Return the packages to put in place bare: ours, and those around the program."""
    parts = plan.program.partition(":")[0].split(".")[:-1]
    own = [_PACKAGE, f"{_PACKAGE}.sandbox", f"{_PACKAGE}.code"]
    if parts[:1] != [_PACKAGE]:
        return own
    around = [".".join(parts[: i + 1]) for i in range(len(parts))]
    return list(dict.fromkeys([*own, *around]))
