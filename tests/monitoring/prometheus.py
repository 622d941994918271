"""A real Prometheus on loopback, and what it answers."""

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.monitoring.queries import RULES
from tests.require import require_command
from tests.sockets import free_ports

PATIENCE_S: Final = 90.0
LOOK_S: Final = 0.2
INTERVAL_S: Final = 1
# Grafana puts its own in place of it: four scrapes.
RATE: Final = f"{4 * INTERVAL_S}s"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The running server."""

    port: int

    def asked(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}", timeout=10
        ) as answer:
            return json.load(answer)["data"]

    def series(self, expr: str) -> Sequence[Mapping[str, Any]]:
        """Return what a dashboard's query gives now."""
        text = expr.replace("$__rate_interval", RATE)
        found: Sequence[Mapping[str, Any]] = self.asked("query", query=text)["result"]
        return found

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        return {name for name, _ in self.alerts()}

    def alerts(self) -> set[tuple[str, str]]:
        """Return the name and the stage of each alert that fires now."""
        return {
            (one["labels"]["alertname"], one["labels"].get("stage", ""))
            for one in self.asked("alerts")["alerts"]
            if one["state"] == "firing"
        }

    def rules(self) -> list[Mapping[str, Any]]:
        """Return all rules, with how they fare."""
        return [rule for group in self.asked("rules")["groups"] for rule in group["rules"]]


def at_once(rules: str) -> str:
    """Return rules that wait for nothing: how long they do is for promtool's tests."""
    return re.sub(r"\bfor: \w+", "for: 0s", rules)


@contextmanager
def running(
    folder: Path, ports: Mapping[str, int], changed: Callable[[str], str] = at_once
) -> Iterator[Prometheus]:
    """Run a server that scrapes services by their ports and evaluates our rules each second.

    `changed` makes of a file of rules what is loaded.
    """
    require_command("prometheus")
    for path in RULES:
        text = changed(path.read_text(encoding="utf-8"))
        (folder / path.name).write_text(text, encoding="utf-8")
    targets = [f"127.0.0.1:{port}" for port in ports.values()]
    every = {"scrape_interval": f"{INTERVAL_S}s", "evaluation_interval": f"{INTERVAL_S}s"}
    config = {
        "global": every,
        "rule_files": [path.name for path in RULES],
        "scrape_configs": [{"job_name": "c2c", "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (port,) = free_ports(1)
    command = ["setpriv", "--pdeathsig", "KILL", "prometheus"]
    command += [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        server = Prometheus(port)
        await_(lambda: _answers(server), lambda: (folder / "log").read_text(encoding="utf-8"))
        yield server
    finally:
        process.terminate()
        process.wait()


def _answers(server: Prometheus) -> bool:
    try:
        return bool(server.series("up"))
    except OSError:
        return False


def await_(seen: Any, told: Any = lambda: "", patience_s: float = PATIENCE_S) -> None:
    """Wait until `seen` says so; fail with what `told` says."""
    until = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < until, told()
        time.sleep(LOOK_S)
