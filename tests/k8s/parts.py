"""What the tests of manifests need from elsewhere: Kubernetes' schema, and others' definitions.

Modules lie in Go's cache and definitions in the user's, outside of the checkout; nothing of them is
committed.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.processes import ROOT
from tests.require import missing, require_command

KUBERNETES: Final = "k8s.io/kubernetes@v1.34.4"
KEDA: Final = "github.com/kedacore/keda/v2@v2.18.3"
STRIMZI_POM: Final = ROOT / "tests" / "k8s" / "strimzi.xml"
STRIMZI_JAVA: Final = 21
STRIMZI_MODELS: Final = (
    "kafka.Kafka",
    "nodepool.KafkaNodePool",
    "topic.KafkaTopic",
    "user.KafkaUser",
)
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "c2c-stream"
FETCH_S: Final = 600.0


def module(name: str, within: Path = Path("/")) -> Path:
    """Return the folder of a Go module in Go's own cache: name@version, or as `within` pins it."""
    require_command("go")
    done = subprocess.run(
        ["go", "mod", "download", "-json", name],
        check=False,
        capture_output=True,
        text=True,
        timeout=FETCH_S,
        cwd=within,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
    )
    if done.returncode:
        missing(f"the Go module {name}: {done.stderr[-300:]}")
    return Path(json.loads(done.stdout)["Dir"])


def keda_definitions() -> list[dict[str, Any]]:
    """Return KEDA's definitions of custom resources."""
    folder = module(KEDA) / "config" / "crd" / "bases"
    return [yaml.load(p.read_bytes(), yaml.CSafeLoader) for p in sorted(folder.glob("*.yaml"))]


def strimzi_definitions() -> list[dict[str, Any]]:
    """Return Strimzi's definitions, made by its own generator from its own classes."""
    folder = CACHE / "strimzi"
    with alone(folder):
        if not (folder / "done").exists():
            _make_strimzi(folder)
            (folder / "done").touch()
    return [yaml.load(p.read_bytes(), yaml.CSafeLoader) for p in sorted(folder.glob("*.yaml"))]


def _make_strimzi(folder: Path) -> None:
    require_command("mvn")
    java = _java()
    made = [f"io.strimzi.api.kafka.model.{m}={folder}/{m}.yaml" for m in STRIMZI_MODELS]
    fetch = ["mvn", "--quiet", "--batch-mode", "--file", str(STRIMZI_POM)]
    fetch += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}/jars"]
    generator = [java, "-cp", f"{folder}/jars/*", "io.strimzi.crdgenerator.CrdGenerator"]
    for command in (fetch, [*generator, "--yaml", "--crd-api-version", "v1", *made]):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=FETCH_S)
        if done.returncode:
            missing(f"Strimzi's definitions: {(done.stdout + done.stderr)[-500:]}")


def _java() -> str:
    """Return a Java that is new enough for Strimzi's generator."""
    for java in ("java", *map(str, sorted(Path("/usr/lib/jvm").glob("*/bin/java")))):
        if shutil.which(java):
            told = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
            version = re.search(r'version "(\d+)', told.stderr)
            if version and int(version[1]) >= STRIMZI_JAVA:
                return java
    return missing(f"Java {STRIMZI_JAVA} or newer")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder against other test processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
