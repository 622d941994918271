"""The processes of a run: two of every service, started again whenever they end."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from c2c_stream.cli.exits import Exit
from c2c_stream.topics import SERVICES
from tests.processes import ROOT, unmeasured

INSTANCES: Final = ("a", "b")
NAMES: Final = tuple(f"{service}-{instance}" for instance in INSTANCES for service in SERVICES)
# From SIGTERM to the end: what a service may take to drain, and then some on a busy machine.
LEAVE_S: Final = 60.0
# For writing down a stack.
TELL_S: Final = 2.0
# How a service may end by itself: it lost its seat or its brokers, and its successor redoes it.
GAVE_UP: Final = int(Exit.SERVICE)


@dataclass(slots=True)
class Service:
    """One process and what was done to it last."""

    name: str
    process: subprocess.Popen[bytes]
    sent: int = 0
    sent_at: float = 0.0

    @property
    def stage(self) -> str:
        """Return its service."""
        return self.name.partition("-")[0]


@dataclass(slots=True)
class Fleet:
    """All services. `environment` is what all of them are told; logs go to `folder`."""

    module: str
    environment: dict[str, str]
    folder: Path
    names: Sequence[str] = NAMES
    services: dict[str, Service] = field(default_factory=dict)
    restarts: int = 0
    gave_up: Counter[str] = field(default_factory=Counter)
    """Services that ended by themselves with the exit code of a lost seat, by stage."""
    wrong: list[str] = field(default_factory=list)
    """Services that ended as none should."""

    def start(self) -> None:
        """Start all."""
        self.folder.mkdir(parents=True)
        self.services = {name: Service(name, self._spawn(name)) for name in self.names}

    def send(self, name: str, number: int) -> None:
        """Send a service a signal."""
        service = self.services[name]
        service.process.send_signal(number)
        service.sent, service.sent_at = number, time.monotonic()

    def wake(self, name: str) -> None:
        """Let a service that was stopped go on."""
        self.services[name].process.send_signal(signal.SIGCONT)
        self.services[name].sent = 0

    def running(self, name: str) -> bool:
        """Say whether a service is there and was not sent anything yet."""
        service = self.services[name]
        return service.process.poll() is None and not service.sent

    def tend(self) -> None:
        """Start again what has ended; take note of what should not have."""
        for service in self.services.values():
            code = service.process.poll()
            if code is None:
                self._check_leaving(service)
                continue
            self._judge(service, code)
            service.process, service.sent = self._spawn(service.name), 0
            self.restarts += 1

    def stop(self) -> None:
        """Let all leave, upstream first, and hold it against those that do not."""
        for service in self.services.values():
            if service.process.poll() is None and service.sent != signal.SIGKILL:
                service.process.send_signal(signal.SIGCONT)
                service.process.terminate()
                service.sent = signal.SIGTERM
        for service in self.services.values():
            try:
                self._judge(service, service.process.wait(LEAVE_S))
            except subprocess.TimeoutExpired:
                self.wrong.append(f"{service.name} did not leave within {LEAVE_S:.0f} s")
                service.process.kill()
                service.process.wait()

    def tell(self) -> None:
        """Let all write where they are into their logs."""
        for service in self.services.values():
            service.process.send_signal(signal.SIGUSR1)
            service.process.send_signal(signal.SIGCONT)
        time.sleep(TELL_S)

    def kill(self) -> None:
        """End whatever is left."""
        for service in self.services.values():
            service.process.kill()
            service.process.wait()

    def log_of(self, name: str) -> Path:
        """Return the file that a service logs to."""
        return self.folder / f"{name}.log"

    def _check_leaving(self, service: Service) -> None:
        late = time.monotonic() - service.sent_at > LEAVE_S
        if service.sent == signal.SIGTERM and late:
            self.wrong.append(f"{service.name} did not leave within {LEAVE_S:.0f} s of SIGTERM")
            self.send(service.name, signal.SIGKILL)

    def _judge(self, service: Service, code: int) -> None:
        # A signal may come before the service has begun to listen for it.
        if code == 0 and service.sent == signal.SIGTERM:
            return
        if code < 0 and -code == service.sent:
            return
        if code == GAVE_UP:
            self.gave_up[service.stage] += 1
            return
        self.wrong.append(
            f"{service.name} ended with {code} (its log: {self.log_of(service.name)})"
        )

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        stage, _, instance = name.partition("-")
        own = {"C2C_KAFKA__INSTANCE": instance, "C2C_KAFKA__PROPERTIES": _properties(name)}
        command = [sys.executable, "-m", self.module, stage, "--parent", str(os.getpid())]
        with self.log_of(name).open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=unmeasured(**self.environment, **own),
            )


def _properties(name: str) -> str:
    """Return a member's: it is known by its name, and missed after three seconds."""
    return (
        f'{{"client.id": "{name}", "session.timeout.ms": "3000", "heartbeat.interval.ms": "500"}}'
    )
