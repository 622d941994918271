"""A real schema registry for tests: Apicurio, its Confluent interface, in memory, on loopback."""

import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import maven
from tests.processes import ROOT
from tests.require import require_command
from tests.sockets import free_ports

HOME = ROOT / "build" / "apicurio"
VERSION = "2.6.13.Final"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
ARCHIVE = HOME / f"apicurio-registry-app-{VERSION}-all.tar.gz"
JAR = HOME / f"apicurio-registry-app-{VERSION}-runner.jar"
JVM = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
READY_S = 90.0


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a registry that logs to `folder`; give the URL of its Confluent interface."""
    require_command("java")
    jar = _jar()
    [port] = free_ports(1)
    listen = (f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1")
    log_file = folder / "registry.log"
    with log_file.open("wb") as log:
        # It does not outlive the tests, whatever ends them.
        command = ["setpriv", "--pdeathsig", "KILL", "java", *JVM, *listen, "-jar", str(jar)]
        node = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
            _await(f"{url}/subjects", node, log_file)
            yield url
        finally:
            node.kill()
            node.wait()


def _jar() -> Path:
    """Return the registry's program, fetched once a checkout."""
    goal = ["dependency:copy", f"-Dartifact={ARTIFACT}"]
    maven.fetch(HOME, goal, "a registry", unpack=_unpack)
    return JAR


def _unpack() -> None:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(HOME, filter="data")
    ARCHIVE.unlink()


def _await(url: str, node: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the registry answers."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  # ours
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline or node.poll() is not None:
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise AssertionError(f"the registry did not start ({error}):\n{tail}") from error
        time.sleep(0.1)
