"""Every manifest is applied to a real API server, strictly, under the restricted profile."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s import server
from tests.k8s.kustomize import APPLYING, COMPONENTS, K8S, OVERLAYS, built, text_of, with_components

# Both, so that `make k8s` finds it and nothing else waits ten minutes for a build.
pytestmark = [pytest.mark.k8s, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    with server.running(tmp_path_factory.mktemp("apiserver")) as running:
        definitions = server.definitions()
        running.create(definitions)
        names = [f"crd/{one['metadata']['name']}" for one in definitions]
        waited = running.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
        assert waited.returncode == 0, waited.stderr
        for overlay in OVERLAYS:
            objects = built(K8S / "overlays" / overlay)
            running.create(one for one in objects if one["kind"] == "Namespace")
        yield running


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_server_takes_every_object_of_an_overlay(overlay: str, cluster: server.Server) -> None:
    assert not cluster.dry_run(text_of(K8S / "overlays" / overlay))


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_server_takes_every_component(
    component: str, cluster: server.Server, tmp_path: Path
) -> None:
    assert not cluster.dry_run(text_of(with_components(tmp_path, [component])))


def test_an_apply_takes_back_what_the_runbook_sets_by_hand(cluster: server.Server) -> None:
    """But a variable that it adds, as that page says."""
    [writer] = [
        copy.deepcopy(one)
        for one in built(K8S / "overlays" / "prod")
        if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "writer")
    ]
    container = writer["spec"]["template"]["spec"]["containers"][0]
    limits = dict(container["resources"]["limits"])

    def kubectl(*arguments: str, text: str = "") -> str:
        done = cluster.kubectl("--namespace", "c2c", *arguments, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    kubectl("apply", *APPLYING, "-f", "-", text=yaml.safe_dump(writer))
    kubectl("set", "resources", "statefulset/writer", "--containers=c2c", "--limits=memory=5Gi")
    kubectl("set", "env", "statefulset/writer", "C2C_WRITE__WRITER=search")
    container["env"] = [one for one in container["env"] if one["name"] != "HOME"]
    kubectl("apply", *APPLYING, "-f", "-", text=yaml.safe_dump(writer))
    found = json.loads(kubectl("get", "statefulset/writer", "--output", "json"))
    there = found["spec"]["template"]["spec"]["containers"][0]
    assert there["resources"]["limits"] == limits
    names = {one["name"] for one in there["env"]}
    assert names == {one["name"] for one in container["env"]} | {"C2C_WRITE__WRITER"}


Change = Callable[[dict[str, Any]], None]


def _set(*path: str | int) -> Change:
    *way, last = path

    def change(one: Any) -> None:
        for name in way:
            one = one[name]
        one[last] = "10 gigs"

    return change


def _replicas(one: dict[str, Any]) -> None:
    one["spec"]["replicas"] = -1


def _root(one: dict[str, Any]) -> None:
    one["spec"]["template"]["spec"]["securityContext"] |= {"runAsNonRoot": False}


PLANTED: dict[str, tuple[str, Change]] = {
    "a misspelt field": ("StatefulSet", _set("spec", "template", "spec", "restartPolice")),
    "a bad quantity": ("PersistentVolumeClaim", _set("spec", "resources", "requests", "storage")),
    "fewer pods than none": ("Deployment", _replicas),
    "root": ("Deployment", _root),
    "a wrong field of a scaler": ("ScaledObject", _set("spec", "maxReplicas")),
    "a field of no cluster": ("Kafka", _set("spec", "kafka", "replicas")),
    "a field of no monitor": ("PodMonitor", _set("spec", "podMetricsEndpoints", 0, "ports")),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_server_refuses_a_planted_mistake(mistake: str, cluster: server.Server) -> None:
    kind, change = PLANTED[mistake]
    one = copy.deepcopy(next(o for o in built(K8S / "overlays" / "prod") if o["kind"] == kind))
    assert not cluster.dry_run(yaml.safe_dump(one))
    change(one)
    assert cluster.dry_run(yaml.safe_dump(one))
