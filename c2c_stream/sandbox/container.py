"""The host's end of one container: the same zygote where there are no user namespaces for a jail.

What a jail builds itself an engine builds here: no network, a read-only root, no capabilities,
nobody's uid, memory and process limits. contained.py looks whether it did. Requests and what
children leave go through the container's standard input and output, one at a time.
"""

import asyncio
import importlib.util
import marshal
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from c2c_stream.sandbox.judge import JailBrokenError, reply_of
from c2c_stream.sandbox.plan import (
    BESIDE_THE_CHILD_BYTES,
    MAX_PROCESSES,
    Plan,
    command_of,
    environment_of,
    package_folder,
)
from c2c_stream.sandbox.protocol import (
    CHILD_UID,
    FRAMES_BYTES,
    HOST_NAME,
    ORDER_FORMAT,
    REPORT_BYTES,
    SETUP_BYTES,
    WAITING_SHARE,
)
from c2c_stream.sandbox.report import Report
from c2c_stream.sandbox.unavailable import SandboxUnavailable
from c2c_stream.sandbox.verdicts import Reply
from c2c_stream.sandbox.walls import Walls

OURS: Final = "/c2c"  # where a container finds this package
_ENGINE_TIMEOUT_S: Final = 60
_REPORT_GRACE_S: Final = 10
_ORDER: Final = struct.Struct(ORDER_FORMAT)
_SIZE: Final = struct.Struct("<I")
_STREAM: Final = struct.Struct(">BxxxI")  # how an engine multiplexes: which stream, how many bytes
_STANDARD_OUTPUT: Final = 1
_ERRORS_KEPT: Final = 2000


class Container:
    """One container with its zygote. One order at a time, on a thread of its own."""

    def __init__(self, client: Any, number: str, stream: Any) -> None:
        self._client = client
        self._number = number
        self._socket = getattr(stream, "_sock", stream)
        self._stream = stream
        self._socket.settimeout(_ENGINE_TIMEOUT_S)
        self._thread = ThreadPoolExecutor(1, "container")
        self._unread = b""
        self._errors = b""
        self.pid = 0
        self.walls = Walls("docker", frozenset())
        self.python = ""
        self.served = 0

    @classmethod
    async def build(cls, plan: Plan) -> "Container":
        """Start a container and wait until its walls stand. Raises SandboxUnavailable."""
        return await asyncio.to_thread(cls._build, plan)

    @classmethod
    def _build(cls, plan: Plan) -> "Container":
        docker = _docker()
        client = _client(docker)
        try:
            number = _created(docker, client, plan)
            parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            container = cls(client, number, client.attach_socket(number, parameters))
        except docker.errors.DockerException as error:
            client.close()
            raise SandboxUnavailable(f"sandbox: no container could be made: {error}") from error
        except BaseException:
            client.close()
            raise
        try:
            client.start(number)
            container.pid = client.inspect_container(number)["State"]["Pid"]
            container.set_up(plan)
        except (docker.errors.DockerException, OSError, ValueError) as error:
            container.kill()
            last = container.last_errors()
            raise SandboxUnavailable(f"sandbox: no container came up: {error}\n{last}") from error
        return container

    def set_up(self, plan: Plan) -> None:
        """Send the configuration; return when the walls stand. Raises ValueError, OSError."""
        config = {
            "program": plan.program,
            "preload": plan.preload,
            "search": tuple(f"{OURS}-{i}" for i in range(len(plan.search))),
            "memory_bytes": plan.memory_bytes,
        }
        data = marshal.dumps(config)
        self._socket.sendall(_SIZE.pack(len(data)) + data)
        (size,) = _SIZE.unpack(self._read(_SIZE.size))
        word, *lines = self._read(min(size, SETUP_BYTES)).decode().split("\n")
        if word != "ready":
            raise ValueError("\n".join(lines))
        self.python, *told = lines
        missing = dict(line[2:].split(" ", 1) for line in told if line.startswith("- "))
        standing = frozenset(line[2:] for line in told if line.startswith("+ "))
        self.walls = Walls("docker", standing, missing)

    async def run(self, request: bytes, cpu_ms: int, wall_ms: int) -> Reply:
        """Run one request in a child of its own. Raises JailBrokenError."""
        longest_s = (wall_ms + cpu_ms * WAITING_SHARE) / 1000 + _REPORT_GRACE_S
        order = _ORDER.pack(len(request), cpu_ms, wall_ms) + request
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._thread, self._exchange, order, longest_s)
        except (OSError, ValueError) as error:
            raise JailBrokenError(f"the container is gone: {error!r}") from error
        self.served += 1
        return reply

    def _exchange(self, order: bytes, longest_s: float) -> Reply:
        self._socket.settimeout(longest_s)
        self._socket.sendall(order)
        report = Report.unpack(self._read(REPORT_BYTES))
        (size,) = _SIZE.unpack(self._read(_SIZE.size))
        if size > FRAMES_BYTES:
            raise ValueError(f"{size} bytes are said to be left; at most {FRAMES_BYTES}")
        return reply_of(report, self._read(size))

    def kill(self) -> None:
        """End every process in the container; the engine removes it. May be called twice."""
        with suppress(OSError):
            self._socket.shutdown(2)  # wakes the thread that reads
        with suppress(_docker().errors.DockerException):
            self._client.kill(self._number)
        self._stream.close()
        self._socket.close()
        self._client.close()
        self._thread.shutdown(wait=False)

    def last_errors(self) -> str:
        """Return the end of what the container wrote to its standard error."""
        return self._errors.decode(errors="replace")

    def _read(self, size: int) -> bytes:
        """Return so many bytes of the container's standard output. Raises OSError."""
        while len(self._unread) < size:
            which, length = _STREAM.unpack(self._received(_STREAM.size))
            data = self._received(length)
            if which == _STANDARD_OUTPUT:
                self._unread += data
            else:
                self._errors = (self._errors + data)[-_ERRORS_KEPT:]
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def _received(self, size: int) -> bytes:
        parts = []
        while size:
            part = self._socket.recv(min(size, 1 << 20))
            if not part:
                raise ConnectionError("the engine closed the stream")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _docker() -> Any:
    try:
        import docker  # noqa: PLC0415  # an extra
        import docker.errors  # noqa: PLC0415
    except ImportError as error:
        raise SandboxUnavailable(
            "sandbox: the docker backend needs its client: pip install 'c2c-stream[docker]'"
        ) from error
    return docker


def _client(docker: Any) -> Any:
    try:
        return docker.from_env(timeout=_ENGINE_TIMEOUT_S).api
    except docker.errors.DockerException as error:
        raise SandboxUnavailable(
            f"sandbox: no Docker engine answers: {error}; start one, or name it by DOCKER_HOST"
        ) from error


def _created(docker: Any, client: Any, plan: Plan) -> str:
    """Create the container; fetch its image first where it is not here. Return its id."""
    try:
        return _create(client, plan)
    except docker.errors.ImageNotFound:
        pass
    try:
        client.pull(plan.image)
        return _create(client, plan)
    except docker.errors.DockerException as error:
        raise SandboxUnavailable(
            f"sandbox: the image {plan.image!r} is not here and cannot be fetched: {error}; "
            "name one with Python and libseccomp by C2C_SANDBOX__IMAGE"
        ) from error


def _create(client: Any, plan: Plan) -> str:
    limit = plan.memory_bytes + BESIDE_THE_CHILD_BYTES
    host = client.create_host_config(
        auto_remove=True,
        binds=_binds(plan),
        cap_drop=["ALL"],
        ipc_mode="none",
        log_config={"Type": "none"},  # what a guest leaves is not the engine's to keep
        mem_limit=limit,
        memswap_limit=limit,
        network_mode="none",
        pids_limit=MAX_PROCESSES,
        read_only=True,
        security_opt=["no-new-privileges"],
    )
    created = client.create_container(
        plan.image,
        entrypoint=["python3"],
        command=command_of(plan, "contained", 0, 1, OURS),
        environment=dict(environment_of(plan)),
        host_config=host,
        hostname=HOST_NAME,
        labels={"c2c.sandbox": plan.program},
        stdin_open=True,  # and closed when we are gone, which ends the container
        user=f"{CHILD_UID}:{CHILD_UID}",
        working_dir="/",
    )
    number: str = created["Id"]
    return number


def _binds(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """Return what of the host a container reads: our code, and what compiles filters in there."""
    spec = importlib.util.find_spec("pyseccomp")
    if spec is None or spec.origin is None:
        raise SandboxUnavailable(
            "sandbox: the docker backend needs pyseccomp: pip install 'c2c-stream[docker]'"
        )
    ours = {str(package_folder() / "c2c_stream"): f"{OURS}/c2c_stream"}
    ours[spec.origin] = f"{OURS}/pyseccomp.py"
    ours |= {folder: f"{OURS}-{i}" for i, folder in enumerate(plan.search)}
    return {source: {"bind": target, "mode": "ro"} for source, target in ours.items()}
