"""A real API server of Kubernetes: it checks, admits and stores; nothing runs.

Built once from Kubernetes' own Go modules into the user's cache, about ten minutes on two cores.
"""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import yaml

from tests.k8s.parts import CACHE, alone, keda_definitions, module, strimzi_definitions
from tests.processes import ROOT
from tests.require import missing, require_command
from tests.sockets import free_ports

SOURCE: Final = ROOT / "tests" / "k8s"
BUILD_S: Final = 3600.0
READY_S: Final = 120.0
MONITORING: Final = "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring"
GENERATOR: Final = "sigs.k8s.io/controller-tools/cmd/controller-gen"


@dataclass(frozen=True, slots=True)
class Server:
    """The running server, reached through a kubeconfig of its administrator."""

    config: Path

    def kubectl(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl against it, with `text` as its input."""
        command = ["kubectl", "--kubeconfig", str(self.config), *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, input=text)

    def dry_run(self, text: str) -> str:
        """Return what the server has against these objects, warnings too; empty if nothing."""
        done = self.kubectl(
            *("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"),
            text=text,
        )
        warnings = [line for line in done.stderr.splitlines() if line.startswith("Warning")]
        return done.stderr if done.returncode else "\n".join(warnings)

    def create(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Create objects for real."""
        text = yaml.dump_all(objects, Dumper=yaml.CSafeDumper)
        done = self.kubectl("apply", "--server-side", "-f", "-", text=text)
        assert done.returncode == 0, done.stderr


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server with an etcd of its own; all that it knows is in `folder`."""
    for command in ("etcd", "kubectl", "openssl", "setpriv"):
        require_command(command)
    server = _built(SOURCE / "apiserver", "apiserver", ".")
    etcd_port, peer, port = free_ports(3)
    token = secrets.token_hex(16)
    (folder / "tokens").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
    _keys(folder)
    etcd = f"http://127.0.0.1:{etcd_port}"
    peers = f"http://127.0.0.1:{peer}"
    commands = (
        [
            *("etcd", "--data-dir", f"{folder}/etcd", "--unsafe-no-fsync"),
            *("--listen-client-urls", etcd, "--advertise-client-urls", etcd),
            *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
            *("--initial-cluster", f"default={peers}"),
        ],
        [
            *(str(server), f"--etcd-servers={etcd}", f"--secure-port={port}"),
            *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"),
            *(f"--cert-dir={folder}/certificates", "--service-cluster-ip-range=10.0.0.0/24"),
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder}/key.pem",
            f"--service-account-signing-key-file={folder}/key.pem",
            *(f"--token-auth-file={folder}/tokens", "--authorization-mode=RBAC"),
            *("--endpoint-reconciler-type=none", "--enable-priority-and-fairness=false"),
            "--disable-admission-plugins=ServiceAccount",
        ],
    )
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as log:
        try:
            for line in commands:
                tied = ["setpriv", "--pdeathsig", "KILL", *line]
                started.append(subprocess.Popen(tied, stdout=log, stderr=log, cwd=folder))
            yield _ready(folder, port, token)
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait()


def definitions() -> list[dict[str, Any]]:
    """Return all definitions of custom resources that the manifests use."""
    return [*keda_definitions(), *strimzi_definitions(), *_monitoring()]


def _monitoring() -> list[dict[str, Any]]:
    """Return those of the Prometheus operator, made from its types."""
    generator = _built(SOURCE / "definitions", "controller-gen", GENERATOR)
    folder = CACHE / "monitoring"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [generator, "crd:maxDescLen=0", "paths=./v1", f"output:crd:dir={folder}"],
        check=True,
        capture_output=True,
        cwd=module(MONITORING, SOURCE / "definitions"),
    )
    return [yaml.load(p.read_bytes(), yaml.CSafeLoader) for p in sorted(folder.glob("*.yaml"))]


def _built(source: Path, name: str, package: str) -> Path:
    """Return a program built from Go modules, from the user's cache if it is there."""
    require_command("go")
    sums = (source / "go.sum").read_bytes()
    target = CACHE / f"{name}-{crc32(sums):08x}"
    with alone(CACHE):
        if not target.exists():
            done = subprocess.run(
                ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", f"{target}.new", package],
                check=False,
                capture_output=True,
                text=True,
                timeout=BUILD_S,
                cwd=source,
                env={**os.environ, "CGO_ENABLED": "0"},
            )
            if done.returncode:
                missing(f"{name}, which Go could not build: {done.stderr[-500:]}")
            Path(f"{target}.new").rename(target)
    return target


def _keys(folder: Path) -> None:
    key = ["openssl", "genrsa", "-out", f"{folder}/key.pem", "2048"]
    subprocess.run(key, check=True, capture_output=True)


def _ready(folder: Path, port: int, token: str) -> Server:
    config = folder / "kubeconfig"
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "it", "cluster": cluster}],
                "users": [{"name": "admin", "user": {"token": token}}],
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "admin"}}],
                "current-context": "it",
            }
        ),
        encoding="utf-8",
    )
    server = Server(config)
    until = time.monotonic() + READY_S
    while server.kubectl("get", "--raw", "/readyz").returncode:
        assert time.monotonic() < until, (folder / "log").read_text(encoding="utf-8")[-2000:]
        time.sleep(0.2)
    return server
