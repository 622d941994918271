"""What kubectl makes of the folders of k8s/."""

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.processes import ROOT
from tests.require import require_command

K8S: Final = ROOT / "k8s"
OVERLAYS: Final = tuple(sorted(p.name for p in (K8S / "overlays").iterdir()))
COMPONENTS: Final = tuple(sorted(p.name for p in (K8S / "components").iterdir()))

# How the pages say that a folder is applied.
APPLYING: Final = ("--server-side", "--force-conflicts")


@cache
def built(folder: Path) -> tuple[dict[str, Any], ...]:
    """Return the objects of a folder with a kustomization."""
    return tuple(filter(None, yaml.load_all(text_of(folder), yaml.CSafeLoader)))


def text_of(folder: Path) -> str:
    """Return what `kubectl kustomize` prints."""
    require_command("kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_components(folder: Path, components: Sequence[str]) -> Path:
    """Make a kustomization of the base with some of the components, in an empty folder."""
    here = os.path.relpath(K8S, folder)
    text = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "c2c",
        "resources": [f"{here}/base"],
        "components": [f"{here}/components/{name}" for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
    return folder
