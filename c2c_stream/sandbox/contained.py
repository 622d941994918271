"""The first process of a container: looks which walls stand, forks the zygote, hands on requests.

Standard library only. Guests cannot reach it: it shares a uid with them, so that their filters,
Landlock and its being no process to look into are all that keeps them away.
"""

import marshal
import mmap
import os
import select
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from c2c_stream.sandbox import linux, settle
from c2c_stream.sandbox.arena import read_header
from c2c_stream.sandbox.engine_walls import OUTER, missing
from c2c_stream.sandbox.portable import Zygote
from c2c_stream.sandbox.protocol import (
    ARENA_BYTES,
    FRAMES_BYTES,
    ORDER_BYTES,
    ORDER_FORMAT,
    REPORT_BYTES,
    REQUEST_BYTES,
    SETUP_BYTES,
)

_ORDER: Final = struct.Struct(ORDER_FORMAT)
_SIZE: Final = struct.Struct("<I")
_HEADER_BYTES: Final = 8  # of the frames
# Where shared libraries are, and the loader's list of them.
_LIBRARIES: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
)


def main(receive: int, send: int) -> NoReturn:
    """Become what hands requests to a zygote. Never returns."""
    try:
        Contained(receive, send).serve()
    except Exception as error:  # noqa: BLE001  # whatever it is, the host tells the user
        _tell(send, f"failed\n{str(error) or type(error).__name__}")
    finally:
        os._exit(1)


class Contained:
    """The two ends that a container talks through, and the arena between them."""

    def __init__(self, receive: int, send: int) -> None:
        self._receive = receive
        self._send = send
        (size,) = _SIZE.unpack(self._exactly(_SIZE.size))
        self._config: dict[str, Any] = marshal.loads(self._exactly(size))  # noqa: S302  # host's
        self._arena = mmap.mmap(-1, ARENA_BYTES)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._missing = dict(missing(self._config["memory_bytes"]))
        linux.hide_from_others()
        self._config |= {**_filters(), "path": _path()}
        if os.fork() == 0:
            self._be_the_zygote(theirs)
        theirs.close()

    def serve(self) -> None:
        """Tell which walls stand; then hand on requests until one of both ends is gone."""
        word, _, rest = self._control.recv(SETUP_BYTES).decode().partition(" ")
        if word != "ready":
            raise RuntimeError(rest or "the zygote died")
        python, *standing = rest.split()
        if "landlock" not in standing:
            self._missing["landlock"] = "the engine's kernel has none, or the engine refuses it"
        lines = [f"+ {name}" for name in standing] + [
            f"- {n} {w}" for n, w in self._missing.items()
        ]
        _tell(self._send, "\n".join(["ready", python, *lines]))
        while True:
            self._hand_on(self._exactly(ORDER_BYTES))

    def _hand_on(self, order: bytes) -> None:
        size, *_ = _ORDER.unpack(order)
        self._arena[:size] = self._exactly(size)
        self._control.send(order)
        ends: list[Any] = [self._control, self._receive]
        ready, _, _ = select.select(ends, [], [])
        if self._receive in ready:  # nothing is sent before the answer: the host is gone
            os._exit(0)
        report = self._control.recv(REPORT_BYTES)
        if not report:
            raise RuntimeError("the zygote died")
        with memoryview(self._arena) as arena, arena[REQUEST_BYTES:] as left:
            _, committed = read_header(left)
            end = min(_HEADER_BYTES + committed, FRAMES_BYTES)
            _write(self._send, report + _SIZE.pack(end) + bytes(left[:end]))
        # The next child finds zeros, whatever this one left.
        self._arena.madvise(mmap.MADV_REMOVE)

    def _be_the_zygote(self, control: socket.socket) -> NoReturn:
        try:
            standing = [name for name in OUTER if name not in self._missing]
            null = os.open(os.devnull, os.O_RDWR)
            program = settle.load(self._config)
            libraries = filter(os.path.exists, _LIBRARIES)
            readable = [*self._config["path"], *libraries]
            zygote = Zygote(memoryview(self._arena))
            settled = settle.Settled(control.fileno(), program, self._config)
            settled.serve(zygote, null, standing, readable)
        except Exception as error:  # noqa: BLE001  # the host tells the user
            settle.tell(control.fileno(), "failed", f"{error}" or type(error).__name__)
        finally:
            os._exit(1)

    def _exactly(self, size: int) -> bytes:
        """Read so many bytes; leave when the host is gone."""
        parts = []
        while size:
            part = os.read(self._receive, min(size, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _filters() -> Mapping[str, str]:
    """Compile both filters by a child, so that nothing of the compiler is in a zygote."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        _compile_filters(writable)
    os.close(writable)
    with os.fdopen(readable, encoding="utf-8") as pipe:
        base, _, rest = pipe.read().partition("\n")
    os.waitpid(pid, 0)
    child, _, error = rest.partition("\n")
    if not child:
        raise RuntimeError(error or "wall 'seccomp' cannot be built: its compiler died")
    return {"base_filter": base, "child_filter": child}


def _compile_filters(writable: int) -> NoReturn:
    try:
        import sys  # noqa: PLC0415  # the path of a process that ends here

        from c2c_stream.sandbox import filters  # noqa: PLC0415  # a zygote must not hold it

        sys.path.append(os.path.dirname(sys.modules["c2c_stream"].__path__[0]))  # noqa: PTH120
        text = f"{filters.base_filter().hex()}\n{filters.child_filter().hex()}\n"
    except Exception as error:  # noqa: BLE001  # told to the host
        text = f"\n\n{str(error) or type(error).__name__}"
    with os.fdopen(writable, "w", encoding="utf-8") as pipe:
        pipe.write(text)
    os._exit(0)


def _path() -> list[str]:
    """Return the folders of the standard library."""
    import sys  # noqa: PLC0415

    return [entry for entry in sys.path if os.path.isdir(entry)]  # noqa: PTH112


def _tell(send: int, text: str) -> None:
    data = text.encode()[:SETUP_BYTES]
    _write(send, _SIZE.pack(len(data)) + data)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
