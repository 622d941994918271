"""Every query that is asked of Prometheus: of dashboards, rules and scalers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.processes import ROOT

MONITORING: Final = ROOT / "monitoring"
RULES: Final = tuple(sorted((MONITORING / "rules").glob("*.yaml")))
BOARDS: Final = tuple(sorted((MONITORING / "dashboards").glob("*.json")))
SCALERS: Final = tuple((ROOT / "k8s").rglob("scaler*.yaml"))
VLLM: Final = "c2c-vllm"


def rules() -> Iterator[dict[str, Any]]:
    """Yield every rule."""
    for path in RULES:
        for group in yaml.safe_load(path.read_bytes())["groups"]:
            yield from group["rules"]


def asked(board: Path) -> Iterator[tuple[str, str]]:
    """Yield the panel and the text of each query of a dashboard."""
    for panel in json.loads(board.read_bytes())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def metrics_named() -> set[str]:
    """Return every metric of ours that a dashboard, a rule or a scaler names."""
    texts = [path.read_text(encoding="utf-8") for path in (*BOARDS, *RULES, *SCALERS)]
    # What is recorded has a colon before or behind: it is no metric of the code.
    return {
        name
        for text in texts
        for name in re.findall(r"(?<![\w:])c2c_[a-z_]*[a-z](?![\w:])", text)
        if not name.startswith("c2c_stream")
    }
