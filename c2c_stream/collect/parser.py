"""Run the worker: start it, ask it, replace it when it dies or has served long enough.

The only part of the collector that knows processes. A file that costs a worker its life is read
once more by a fresh one, so that the judgement is the file's own and not its predecessors'.
"""

import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass

from c2c_stream.collect.rules import Judgement, Limits, TurnedDown
from c2c_stream.collect.wire import (
    MAX_ANSWER_BYTES,
    READY,
    WireError,
    decode_answer,
    encode_request,
    limits_to_json,
    read_frame,
)
from c2c_stream.errors import Fatal, Retry
from c2c_stream.reasons import Reason

# Memory that a long life has scattered is given back, and the limits stay a file's own.
FILES_PER_WORKER = 500
# A worker that waits, which none should, ends by this many times its CPU seconds.
WALL_PER_CPU = 10


# Signals that no file can cause: a person, a supervisor, or the kernel short of memory sent them.
_FROM_OUTSIDE = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM})


class WorkerDied(Exception):
    """The worker ended, hung, or spoke nonsense."""

    def __init__(self, how: str, by: int = 0) -> None:
        super().__init__(how)
        self.from_outside = by in _FROM_OUTSIDE
        self.out_of_time = by == signal.SIGXCPU

    @property
    def judgement(self) -> TurnedDown:
        """What that says about the file that was being read."""
        return TurnedDown(Reason.PARSE_LIMIT, f"reading it ended the worker: {self}")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may take."""

    memory_bytes: int
    cpu_s: int
    files: int = FILES_PER_WORKER


class _Worker:
    """One process and the pipes to it."""

    def __init__(self, rules: Limits, limits: WorkerLimits) -> None:
        self._files_left = limits.files
        self._patience_ms = limits.cpu_s * WALL_PER_CPU * 1000
        arguments = [str(limits.memory_bytes), str(limits.cpu_s), limits_to_json(rules)]
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-P", "-m", "c2c_stream.collect.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # A Ctrl-C at the terminal is for its parent.
            start_new_session=True,
        )
        pipes = (self._process.stdin, self._process.stdout)
        self._stdin, self._stdout = (pipe for pipe in pipes if pipe is not None)

    @property
    def is_spent(self) -> bool:
        """Whether it has served as many files as it may."""
        return self._files_left <= 0

    def wait_ready(self) -> None:
        """Wait until the worker serves. Raises Retry, Fatal."""
        try:
            if read_frame(self._read, len(READY)) == READY:
                return
            how = "it spoke nonsense"
        except WireError as error:
            how = str(error)
        except WorkerDied as error:
            how = str(error)
            if error.from_outside:
                raise Retry(f"the collector's worker was killed as it started: {how}") from error
        raise Fatal(
            f"the collector's worker does not start ({how}): run"
            f" `{sys.executable} -P -c 'import c2c_stream.collect.worker'` to see why"
        )

    def ask(self, path: str, content: bytes) -> list[Judgement]:
        """Return the judgements of one file. Raises WorkerDied."""
        self._files_left -= 1
        try:
            self._write(encode_request(path, content))
            return decode_answer(read_frame(self._read, MAX_ANSWER_BYTES))
        except WireError as error:
            raise WorkerDied(str(error)) from error
        except OSError as error:
            raise self._ended() from error

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._stdin.fileno(), view) :]

    def _read(self, size: int) -> bytes:
        descriptor = self._stdout.fileno()
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        data = bytearray()
        while len(data) < size:
            if not poller.poll(self._patience_ms):
                raise WorkerDied("it said nothing for too long")
            part = os.read(descriptor, min(size - len(data), 1 << 20))
            if not part:
                raise self._ended()
            data += part
        return bytes(data)

    def _ended(self) -> WorkerDied:
        status = self._process.wait()
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return WorkerDied(how, -status)

    def end(self) -> None:
        """Kill the process and collect what is left of it."""
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()


class Parser:
    """Judges files in a worker process; what a file does to the worker stays with that file."""

    def __init__(self, rules: Limits, limits: WorkerLimits) -> None:
        self._rules = rules
        self._limits = limits
        self._worker: _Worker | None = None

    def collect(self, path: str, content: bytes) -> list[Judgement]:
        """Return the judgements of one file, whatever it does. Raises Retry, Fatal."""
        known = self._collect_again(path, content)
        if known is not None:
            return known
        self.close()
        return self._collect_fresh(path, content)

    def _collect_again(self, path: str, content: bytes) -> list[Judgement] | None:
        """Ask the worker that served others before; None where that would not be fair."""
        worker = self._worker
        if worker is None or worker.is_spent:
            return None
        try:
            judgements = worker.ask(path, content)
        except WorkerDied as error:
            # Seconds are counted for each file; only what memory is left depends on the age.
            self.close()
            return [error.judgement] if error.out_of_time else None
        return None if any(map(_is_limit, judgements)) else judgements

    def _collect_fresh(self, path: str, content: bytes) -> list[Judgement]:
        self._worker = _Worker(self._rules, self._limits)
        self._worker.wait_ready()
        try:
            return self._worker.ask(path, content)
        except WorkerDied as error:
            self.close()
            if error.from_outside:
                raise Retry(f"{path}: the worker that read it was killed: {error}") from error
            return [error.judgement]

    def close(self) -> None:
        """End the worker; the next file starts another."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _is_limit(judgement: Judgement) -> bool:
    """Return whether something went beyond a limit, perhaps for the worker's age."""
    return isinstance(judgement, TurnedDown) and judgement.reason is Reason.PARSE_LIMIT
