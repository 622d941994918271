"""A real Docker engine for tests: its own socket and folders, no network, one base image.

Nothing is fetched: the image is the interpreter that runs the tests, with what it loads.
"""

import ctypes.util
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from c2c_stream.sandbox.interpreter import own_interpreter
from c2c_stream.sandbox.layout import layout_of
from tests.require import missing, require_command

IMAGE = "c2c-test"
READY_S = 60.0
# Of the standard library what no test asks for: it only makes the image larger.
_LEFT_OUT = {"site-packages", "dist-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3"}


@contextmanager
def engine(folder: Path, *options: str) -> Iterator[str]:
    """Run an engine whose data is in `folder`; give what DOCKER_HOST names it by."""
    if os.geteuid() != 0:
        missing("root, to start a Docker engine")
    for command in ("dockerd", "containerd", "runc", "setpriv"):
        require_command(command)
    address = f"unix://{folder}/socket"
    # Ends with the tests, whatever ends them; and no rules of a firewall are touched.
    command_line = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", address]
    command_line += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    command_line += ["--pidfile", f"{folder}/pid", "--storage-driver", "overlay2"]
    command_line += ["--iptables=false", "--ip6tables=false", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command_line, stdout=log, stderr=log)
    try:
        _await(folder / "socket")
        yield address
    except AssertionError as error:
        tail = (folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise AssertionError(f"{error}:\n{tail}") from error
    finally:
        process.terminate()
        process.wait()
        _let_go(folder)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run an engine that has our image, without a network.

    A test that asks for it lives in tests/hostile/test_in_containers.py, so that one is started.
    """
    require_command("ldconfig")
    with engine(folder, "--bridge", "none") as address:
        _import_image(address, folder)
        yield address


def _let_go(folder: Path) -> None:
    """Unmount what an engine leaves: the network of a build that used the host's."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        place = line.split()[1]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=True)


def _import_image(address: str, folder: Path) -> None:
    import docker  # noqa: PLC0415  # an extra

    archive = folder / "image.tar"
    _archive(archive)
    client = docker.DockerClient(base_url=address, timeout=60)
    try:
        client.api.import_image_from_file(str(archive), repository=IMAGE)
    finally:
        client.close()


def _await(socket: Path) -> None:
    """Wait until the engine listens."""
    until = time.monotonic() + READY_S
    while not socket.exists():
        assert time.monotonic() < until, "the engine did not start"
        time.sleep(0.05)


def _archive(archive: Path) -> None:
    """Put the interpreter and what it loads into a tar file, each at its own place."""
    layout = layout_of(own_interpreter().path)
    seccomp = ctypes.util.find_library("seccomp")
    libraries = Path(next(path for path in layout.binds if "/libc.so" in path)).parent
    with tarfile.open(archive, "w", dereference=True) as tar:
        for path in (layout.python, *layout.binds, "/sbin/ldconfig", f"{libraries}/{seccomp}"):
            tar.add(path, path.lstrip("/"), filter=_opened)
        link = tarfile.TarInfo("usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, layout.python
        tar.addfile(link)


def _opened(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Let everybody read it."""
    if _LEFT_OUT & set(member.name.split("/")):
        return None
    member.uid = member.gid = 0
    member.mode |= 0o555 if member.isdir() else 0o444
    return member
