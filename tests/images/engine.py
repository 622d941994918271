"""A Docker engine with a network of its own, and images to begin with where none can be pulled."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

from tests import dockerd
from tests.k8s.parts import CACHE, alone
from tests.kafka.node import jars
from tests.processes import ROOT
from tests.require import missing, require_command
from tests.sockets import free_ports

HERE: Final = ROOT / "tests" / "images"
BASE: Final = "c2c-test-python:1"
STAND_INS: Final = {"kafka": "apache/kafka:4.3.1", "prometheus": "prom/prometheus:v3.5.0"}
PACKAGES: Final = "python3,python3-dev,python3-venv,ca-certificates"
# How this machine reaches Debian's and Python's packages; it stays in images of this engine.
REACHES: Final = (
    "etc/apt/sources.list.d/debian.sources",
    "etc/apt/apt.conf.d",
    "etc/pip.conf",
    "etc/ssl/certs/ca-certificates.crt",
)


@dataclass(frozen=True, slots=True)
class Engine:
    """The running engine."""

    address: str
    port: int

    def run(self, *command: str | Path, timeout_s: float = 900.0) -> str:
        """Run a command against it; return what it printed. Fails with what it said."""
        settings = {"DOCKER_HOST": self.address, "PROMETHEUS_PORT": str(self.port)}
        done = subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=ROOT,
            env={**os.environ, **settings},
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout

    def compose(self, *arguments: str) -> str:
        """Run a command of compose on compose.yaml."""
        return self.run("docker-compose", "--project-name", "c2ctest", *arguments)


@contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """Run an engine whose data is in `folder`."""
    for needed in ("docker", "docker-compose", "debootstrap"):
        require_command(needed)
    # Addresses that nothing else here uses.
    pool = "base=10.214.0.0/16,size=24"
    with dockerd.engine(
        folder, "--bip", "10.213.0.1/24", "--default-address-pool", pool
    ) as address:
        yield Engine(address, *free_ports(1))


def build(engine: Engine, folder: Path) -> None:
    """Make all images: what they begin with, ours by `make images`, and stand-ins for others."""
    root = _root()
    engine.run("sh", "-c", f"tar -C {root} -c . | docker import - {BASE}")
    options = "--network host --quiet"
    engine.run("make", "images", f"PYTHON_IMAGE={BASE}", f"BUILD_OPTIONS={options}")
    shutil.copytree(jars(), folder / "jars")
    for name in ("Dockerfile", "kafka.sh"):
        shutil.copyfile(HERE / name, folder / name)
    for target, tag in STAND_INS.items():
        asked = ("--build-arg", f"BASE={BASE}", "--target", target, "--tag", tag)
        engine.run("docker", "build", *options.split(), *asked, folder)


def _root() -> Path:
    """Return the root of a Debian with its Python, made once for this user."""
    root = CACHE / f"bookworm-{crc32(PACKAGES.encode()):08x}"
    with alone(CACHE):
        if not (root / "done").exists():
            shutil.rmtree(root, ignore_errors=True)
            made = subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root],
                check=False,
                capture_output=True,
                text=True,
            )
            if made.returncode:
                missing(f"a Debian, which debootstrap could not make: {made.stdout[-500:]}")
            (root / "etc/apt/sources.list").unlink(missing_ok=True)
            for name in REACHES:
                _copy(Path("/", name), root / name)
            (root / "done").touch()
    return root


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True)
    elif path.exists():
        shutil.copyfile(path, target)
