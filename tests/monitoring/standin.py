"""What stands in for a Kubernetes cluster where the runbook says kubectl: processes, see pods.py.

`kubectl` on the PATH of the runbook's commands sends its arguments here. A verb that nobody stands
in for is an error, so that a command of the runbook that changes is not passed over.
"""

import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.monitoring.pods import Kubelet, Pod

CLIENT: Final = """#!{python}
import json, socket, sys
to = socket.socket(socket.AF_UNIX)
to.connect({path!r})
to.sendall(json.dumps(sys.argv[1:]).encode() + b"\\n")
answer = json.load(to.makefile())
sys.stdout.write(answer["said"])
sys.exit(answer["code"])
"""
NAMESPACE: Final = ["--namespace", "c2c"]
LABEL: Final = "app.kubernetes.io/name="
# The operator's pod has each role's login; the brokers here ask for none.
LOGINS: Final = ("C2C_KAFKA__USERNAME=", "C2C_KAFKA__PASSWORD_FILE=")
Verb = Callable[[list[str]], str]


class Refused(Exception):
    """What kubectl would end with 1 for."""


@dataclass(slots=True)
class Standin:
    """The cluster. What only the test knows how to do is in `does`, by the first words."""

    kubelet: Kubelet
    operator: dict[str, str]
    does: dict[str, Callable[[list[str]], str]] = field(default_factory=dict)

    def answer(self, arguments: Sequence[str]) -> str:
        """Do what a command says; return what it prints."""
        words = list(arguments[2:] if arguments[:2] == NAMESPACE else arguments)
        for known, done in self.does.items():
            if " ".join(words).startswith(known):
                return done(words)
        verb = getattr(self, f"_{words[0]}", None)
        if verb is None:
            raise Refused(f"nobody stands in for kubectl {' '.join(words)}")
        return str(verb(words[1:]))

    def _get(self, words: list[str]) -> str:
        kind, names, selected = words[0], _names(words[1:]), _selected(words)
        if kind in ("pods", "pod"):
            pods = self.kubelet.of(selected) if selected else [self._pod(n) for n in names]
            rows = [f"{p.name}  {_ready(p)}  {_status(p)}  {len(p.codes)}" for p in pods]
            return "\n".join(["NAME  READY  STATUS  RESTARTS", *rows]) + "\n"
        if kind == "statefulset":
            rows = []
            for name in names:
                pods = self.kubelet.of(name)
                rows.append(f"{name}  {sum(p.ready() for p in pods)}/{len(pods)}")
            return "\n".join(["NAME  READY", *rows]) + "\n"
        raise Refused(f"nobody stands in for kubectl get {' '.join(words)}")

    def _describe(self, words: list[str]) -> str:
        pod = self._pod(words[-1])
        last = pod.codes[-1] if pod.codes else None
        why = "OOMKilled" if last == -9 else "Error" if last else "Completed"
        told = "" if last is None else f"Last State: Terminated\n  Reason: {why}\n  Exit Code: "
        code = "" if last is None else f"{last if last >= 0 else 128 - last}\n"
        return f"Name: {pod.name}\nState: {_status(pod)}\n{told}{code}"

    def _logs(self, words: list[str]) -> str:
        selected, previous = _selected(words), "--previous" in words
        count = next((int(w.partition("=")[2]) for w in words if w.startswith("--tail=")), 0)
        pods = self.kubelet.of(selected) if selected else [self._pod(_names(words)[0])]
        lines = "".join(pod.log(previous=previous) for pod in pods).splitlines()
        return "".join(f"{line}\n" for line in lines[-count:])

    def _exec(self, words: list[str]) -> str:
        name, _, *command = words
        if name == "deployment/operator":
            environment = self.operator
            command = [w for w in command if not w.startswith(LOGINS)]
        else:
            pod = self._pod(name)
            if not pod.running:
                raise Refused(f"container of {name} is not running")
            environment = self.operator | pod.environment
        done = subprocess.run(
            command,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        if done.returncode:
            raise Ended(done.returncode, done.stdout)
        return done.stdout

    def _delete(self, words: list[str]) -> str:
        pod = self._pod(words[-1])
        self.kubelet.restart(pod)
        return f'pod "{pod.name}" deleted\n'

    def _rollout(self, words: list[str]) -> str:
        assert words[0] == "restart", words
        for pod in self.kubelet.of(words[1].partition("/")[2]):
            self.kubelet.restart(pod)
        return f"{words[1]} restarted\n"

    def _scale(self, words: list[str]) -> str:
        name, replicas = words[1], int(words[2].removeprefix("--replicas="))
        self.replicas(name, replicas)
        return f"{words[0]}/{name} scaled\n"

    def replicas(self, stage: str, count: int) -> None:
        """Run so many pods of a stage."""
        pods = sorted((p for p in self.kubelet.pods.values() if p.stage == stage), key=_name)
        if count > len(pods):
            raise Refused(f"{stage}: {len(pods)} pods are prepared")
        for number, pod in enumerate(pods):
            if number < count and not pod.wanted:
                self.kubelet.restart(pod)
            elif number >= count:
                self.kubelet.stop(pod)

    def _annotate(self, words: list[str]) -> str:
        stage, note = words[1], words[2].removeprefix("autoscaling.keda.sh/paused-replicas")
        self.replicas(stage, 1 if note == "-" else int(note.removeprefix("=")))
        return f"scaledobject.keda.sh/{stage} annotated\n"

    def _set(self, words: list[str]) -> str:
        (kind, _, stage), change = words[1].partition("/"), words[2]
        for pod in self.kubelet.of(stage):
            if words[0] == "env":
                self.kubelet.restart(pod, lambda pod=pod: _set_env(pod, change))  # type: ignore[misc]
            else:
                self.kubelet.restart(pod)
        return f"{kind}/{stage} updated\n"

    def _pod(self, name: str) -> Pod:
        kind, _, owner = name.partition("/")
        found = self.kubelet.of(owner)[:1] if kind == "deployment" else []
        pod = found[0] if found else self.kubelet.pods.get(name)
        if pod is None or not pod.wanted:
            raise Refused(f'pods "{name}" not found')
        return pod


class Ended(Exception):
    """A command inside of a pod ended with an exit code."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(code, said)
        self.code, self.said = code, said


@contextmanager
def installed(standin: Standin, folder: Path) -> Iterator[Path]:
    """Answer `kubectl`; give the folder that it is in."""
    path = folder / "kubectl.socket"

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = json.loads(self.rfile.readline())
            self.wfile.write(json.dumps(_answered(standin, words)).encode())

    client = folder / "bin" / "kubectl"
    client.parent.mkdir()
    client.write_text(CLIENT.format(python=sys.executable, path=str(path)), encoding="utf-8")
    client.chmod(0o755)
    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield client.parent
        server.shutdown()


def _answered(standin: Standin, words: list[str]) -> dict[str, Any]:
    try:
        return {"said": standin.answer(words), "code": 0}
    except Ended as error:
        return {"said": error.said, "code": error.code}
    except Refused as error:
        return {"said": f"error: {error}\n", "code": 1}


def _selected(words: Sequence[str]) -> str:
    return next((w.removeprefix(LABEL) for w in words if w.startswith(LABEL)), "")


def _names(words: Sequence[str]) -> list[str]:
    return [w for w in words if not w.startswith(("-", LABEL))]


def _name(pod: Pod) -> str:
    return pod.name


def _ready(pod: Pod) -> str:
    return f"{int(pod.running and pod.ready())}/1"


def _status(pod: Pod) -> str:
    return "Running" if pod.running else "CrashLoopBackOff"


def _set_env(pod: Pod, change: str) -> None:
    name, sign, value = change.partition("=")
    if sign:
        pod.environment[name] = value
    else:
        pod.environment.pop(name.removesuffix("-"), None)
