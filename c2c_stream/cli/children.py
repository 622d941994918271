"""The services of a local run as child processes. They die with their parent."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from c2c_stream.cli import trouble
from c2c_stream.errors import Fatal
from c2c_stream.settings import Settings, environment_of

# A service that is killed from outside is started again this often; then something is wrong.
MAX_RESTARTS = 5
KILL_AFTER_S = 10.0


@dataclass(slots=True)
class Child:
    """One service's process and how often it was started again."""

    service: str
    process: subprocess.Popen[bytes]
    slot: int
    restarts: int = 0


@dataclass(slots=True)
class Children:
    """Starts, watches and stops services. `folder` takes a log file for each."""

    settings: Settings
    folder: Path
    _children: dict[str, Child] = field(default_factory=dict)

    def start(self, service: str) -> None:
        """Start a service."""
        slot = trouble.slot(service)
        self._children[service] = Child(service, self._spawn(service, slot), slot)

    def running(self) -> list[str]:
        """Return the services whose process has not been stopped by us."""
        return list(self._children)

    def waiting(self) -> list[str]:
        """Return what services wait for: a server that is away, a disk that is full."""
        told = ((name, trouble.told(child.slot)) for name, child in self._children.items())
        return [f"{name} waits: {reason}" for name, reason in told if reason]

    def check(self) -> None:
        """Start again what was killed from outside. Raises Fatal for a service that failed."""
        for child in self._children.values():
            status = child.process.poll()
            if status is None:
                continue
            if status < 0 and child.restarts < MAX_RESTARTS:
                child.restarts += 1
                child.process = self._spawn(child.service, child.slot)
                continue
            raise Fatal(self._why(child, status))

    def stop(self, services: list[str]) -> None:
        """Let services finish what is in flight and leave; kill what does not in time."""
        leaving = [self._children.pop(name) for name in services if name in self._children]
        for child in leaving:
            child.process.send_signal(signal.SIGTERM)
        for child in leaving:
            try:
                child.process.wait(self.settings.engine.drain_s + KILL_AFTER_S)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            os.close(child.slot)

    def log_of(self, service: str) -> Path:
        """Return the file that a service logs to."""
        return self.folder / f"{service}.log"

    def _spawn(self, service: str, slot: int) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "c2c_stream.cli.serve", service]
        with self.log_of(service).open("ab") as log:
            return subprocess.Popen(
                [*command, "--parent", str(os.getpid()), "--trouble-slot", str(slot)],
                pass_fds=(slot,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | environment_of(self.settings),
                # The terminal's Ctrl-C is for the parent, which stops its children in order.
                process_group=0,
            )

    def _why(self, child: Child, status: int) -> str:
        reason = trouble.told(child.slot)
        if status > 0 and reason:
            return f"{child.service}: {reason}"
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        return f"{child.service} stopped with {how}; its log: {self.log_of(child.service)}"
