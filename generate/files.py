"""Which files are written, and how their text comes about."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from generate import keda, rules, strimzi
from generate.dashboards.boards import boards
from generate.dashboards.render import render

ROOT: Final = Path(__file__).resolve().parents[1]
NOTE: Final = "# Written by `make manifests` (python -m generate); do not edit.\n"


def yaml_of(resources: Iterable[Mapping[str, Any]]) -> str:
    """Return resources as one YAML file."""
    return NOTE + "---\n".join(
        yaml.dump(dict(one), sort_keys=False, default_flow_style=False, Dumper=_Dumper, width=100)
        for one in resources
    )


class _Dumper(yaml.SafeDumper):
    """Writes what stands twice twice: an alias saves nothing for who reads it."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the base class's signature
        return True


MONITORING: Final = Path("monitoring")
RULES: Final = MONITORING / "rules"
COMPONENTS: Final = Path("k8s") / "components"
FILES: Final[Mapping[Path, Callable[[], str]]] = {
    COMPONENTS / "strimzi" / "topics.yaml": lambda: yaml_of(strimzi.topics()),
    COMPONENTS / "strimzi" / "users.yaml": lambda: yaml_of(strimzi.users()),
    COMPONENTS / "strimzi" / "logins.yaml": lambda: yaml_of(strimzi.logins()),
    COMPONENTS / "vllm" / "scaler.yaml": lambda: yaml_of([keda.model_scaler()]),
    COMPONENTS / "keda" / "scalers.yaml": lambda: yaml_of(keda.scalers()),
    MONITORING / "prometheusrule.yaml": lambda: yaml_of([rules.resource(ROOT / RULES)]),
    **{MONITORING / "dashboards" / f"{b.uid}.json": partial(render, b) for b in boards()},
}
