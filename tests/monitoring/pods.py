"""Services as processes, started again when they end: what a kubelet does for pods."""

import os
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.error import HTTPError

from tests.processes import ROOT, unmeasured

# terminationGracePeriodSeconds of k8s/base/pod.yaml.
GRACE_S: Final = 45.0
LOOK_S: Final = 0.2


@dataclass(slots=True)
class Pod:
    """One process of a service. `before` is what its command is started by."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    port: int
    folder: Path
    before: Sequence[str] = ()
    wanted: bool = False
    codes: list[int] = field(default_factory=list)
    """With what each process before this one ended."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def stage(self) -> str:
        """Return its label app.kubernetes.io/name."""
        return self.name.rpartition("-")[0] or self.name

    @property
    def running(self) -> bool:
        """Say whether there is a process."""
        return self.process is not None and self.process.poll() is None

    def log(self, *, previous: bool = False) -> str:
        """Return what this process, or the one before it, has said."""
        path = self._log(len(self.codes) - previous)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def ready(self) -> bool:
        """Say what the probe of readiness says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except (HTTPError, OSError):
            return False

    def start(self) -> None:
        """Start a process, which dies with ours."""
        command = ["setpriv", "--pdeathsig", "KILL", *self.before, *self.command]
        with self._log(len(self.codes)).open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=ROOT, env=unmeasured(**self.environment)
            )

    def reap(self) -> None:
        """Take note of a process that has ended."""
        if self.process is not None and self.process.poll() is not None:
            self.codes.append(self.process.returncode)
            self.process = None

    def leave(self) -> None:
        """Send SIGTERM; what is there after the grace period is killed."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _log(self, number: int) -> Path:
        return self.folder / f"{self.name}.{number}.log"


class Kubelet:
    """Keeps those pods running that are wanted, on a thread of its own."""

    def __init__(self) -> None:
        self.pods: dict[str, Pod] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="kubelet", daemon=True)
        self._thread.start()

    def add(self, pod: Pod) -> None:
        """Take care of a pod from now on."""
        with self._lock:
            self.pods[pod.name] = pod

    def of(self, stage: str) -> list[Pod]:
        """Return a stage's pods that are wanted."""
        with self._lock:
            return [pod for pod in self.pods.values() if pod.stage == stage and pod.wanted]

    def restart(self, pod: Pod, change: Callable[[], None] = lambda: None) -> None:
        """Let a pod leave and start it again, changed.

        It is started by the kubelet's own thread: a process dies with the thread that started it.
        """
        self.stop(pod)
        change()
        pod.wanted = True
        while pod.process is None:
            self._over.wait(LOOK_S / 10)

    def stop(self, pod: Pod) -> None:
        """Let a pod leave for good."""
        with self._lock:
            pod.wanted = False
            pod.leave()
            pod.reap()

    def close(self) -> None:
        """Let all leave."""
        self._over.set()
        self._thread.join()
        for pod in self.pods.values():
            if pod.process is not None:
                pod.process.send_signal(signal.SIGCONT)
                pod.process.terminate()
        for pod in self.pods.values():
            self.stop(pod)

    def _tend(self) -> None:
        while not self._over.wait(LOOK_S):
            with self._lock:
                for pod in self.pods.values():
                    pod.reap()
                    if pod.wanted and pod.process is None:
                        pod.start()


def path_with(folder: Path) -> str:
    """Return a PATH on which a folder is first."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
