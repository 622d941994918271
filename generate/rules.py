"""Prometheus' rules as a resource of its operator, from monitoring/rules."""

from pathlib import Path
from typing import Any

import yaml


def resource(folder: Path) -> dict[str, Any]:
    """Return the PrometheusRule of all files of rules in a folder."""
    files = sorted(folder.glob("*.yaml"), reverse=True)  # what is recorded before what reads it
    groups = [group for path in files for group in yaml.safe_load(path.read_bytes())["groups"]]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "c2c-stream", "labels": {"app.kubernetes.io/part-of": "c2c-stream"}},
        "spec": {"groups": groups},
    }
