"""Every manifest is built and held against the schemas; what they say agrees with the code."""

import copy
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from c2c_stream import __version__
from c2c_stream.cli.leaving import CLOSE_S
from c2c_stream.cli.reference import render
from c2c_stream.settings import EngineSettings
from c2c_stream.topics import SERVICES
from generate.files import FILES, ROOT
from tests.k8s.kustomize import APPLYING, COMPONENTS, K8S, OVERLAYS, built, with_components
from tests.k8s.parts import KUBERNETES, keda_definitions, module, strimzi_definitions
from tests.k8s.strict import Schemas

# Their definitions take a minute to make: tests/k8s/test_api_server.py checks what is of them.
LEFT_TO_THE_SERVER = "monitoring.coreos.com/v1"


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    swagger = module(KUBERNETES) / "api" / "openapi-spec" / "swagger.json"
    return Schemas(swagger, [*keda_definitions(), *strimzi_definitions()])


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_is_generated_is_as_the_code_would_write_it_now(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path](), "run `make manifests`"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_an_overlay_is_valid(overlay: str, schemas: Schemas) -> None:
    assert not list(_wrong(built(K8S / "overlays" / overlay), schemas))


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_fits_the_bare_base(
    component: str, schemas: Schemas, tmp_path: Path
) -> None:
    objects = built(with_components(tmp_path, [component]))
    assert not list(_wrong(objects, schemas))
    assert len(objects) >= len(built(K8S / "base"))


def _wrong(objects: tuple[dict[str, Any], ...], schemas: Schemas) -> Iterator[str]:
    for one in objects:
        if one["apiVersion"] != LEFT_TO_THE_SERVER:
            yield from schemas.errors(one)


PLANTED = {
    "a misspelt field": ("StatefulSet", ("spec", "template", "spec", "containers", 0, "resource")),
    "a misspelt field of a pod": ("StatefulSet", ("spec", "template", "spec", "restartPolice")),
    "a bad quantity": ("PersistentVolumeClaim", ("spec", "resources", "requests", "storage")),
    "a wrong type": ("Service", ("spec", "ports", 0, "port")),
    "a wrong field of a scaler": ("ScaledObject", ("spec", "maxReplicas")),
    "a field of no topic": ("KafkaTopic", ("spec", "partition")),
    "a field of no cluster": ("Kafka", ("spec", "kafka", "replicas")),
    "an operation of no ACL": (
        "KafkaUser",
        ("spec", "authorization", "acls", 0, "operations", 0),
    ),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_found(mistake: str, schemas: Schemas) -> None:
    kind, (*path, last) = PLANTED[mistake]
    first = next(one for one in built(K8S / "overlays" / "prod") if one["kind"] == kind)
    one: Any = copy.deepcopy(first)
    at = one
    assert not list(schemas.errors(one))
    for name in path:
        at = at[name]
    at[last] = "10 gigs"
    assert list(schemas.errors(one))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_has_what_it_needs(overlay: str) -> None:
    objects = built(K8S / "overlays" / overlay)
    for service in SERVICES:
        kinds = {one["kind"] for one in objects if one["metadata"]["name"] == service}
        assert {"StatefulSet", "ServiceAccount", "PodDisruptionBudget"} <= kinds
    assert any(one["metadata"]["name"] == "deny-all" for one in objects)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_is_restricted(overlay: str) -> None:
    """What the restricted profile asks for, and more: no token, nothing written but to volumes."""
    for name, pod in _pods(overlay):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert context.get("readOnlyRootFilesystem") or name == "kafka", name
            assert {"requests", "limits"} <= container["resources"].keys(), name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_gets_more_time_than_a_service_takes_to_leave(overlay: str) -> None:
    takes_s = EngineSettings().drain_s + CLOSE_S
    for name, pod in _ours(overlay):
        assert pod["terminationGracePeriodSeconds"] > takes_s, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_setting_that_a_pod_is_given_exists(overlay: str) -> None:
    names = {
        name
        for one in built(K8S / "overlays" / overlay)
        if one["kind"] == "ConfigMap"
        for name in one.get("data") or ()
    }
    for _, pod in _ours(overlay):
        for container in pod["containers"]:
            names |= {variable["name"] for variable in container.get("env", ())}
    ours = {name for name in names if name.startswith("C2C_")}
    assert ours
    assert ours <= set(re.findall(r"`(C2C_\w+)`", render()))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_of_this_version(overlay: str) -> None:
    images = [c["image"] for _, pod in _ours(overlay) for c in pod["containers"]]
    assert len(images) >= len(SERVICES)
    assert all(re.fullmatch(rf"c2c-stream/\w+:{re.escape(__version__)}", i) for i in images)


def test_a_pod_logs_in_as_the_user_whose_rights_it_needs() -> None:
    users = {
        one["metadata"]["name"]
        for one in built(K8S / "overlays" / "prod")
        if one["kind"] == "KafkaUser"
    }
    for name, pod in _ours("prod"):
        login = next(v for v in pod["volumes"] if v["name"] == "login")
        assert login["secret"]["secretName"] == name
        assert name in users


def test_where_people_work_has_the_logins_that_the_runbook_uses() -> None:
    pod = dict(_pods("prod"))["operator"]
    login = next(v for v in pod["volumes"] if v["name"] == "login")
    sources = [source["secret"] for source in login["projected"]["sources"]]
    files = {item["path"]: secret["name"] for secret in sources for item in secret["items"]}
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    roles = set(re.findall(r"\bas (\w+) c2c ", page))
    assert roles
    assert roles | {"feeder"} == {role for role, user in files.items() if role == user}
    assert files["password"] == "operator"


def test_what_is_not_ours_is_the_same_on_one_machine_and_in_a_cluster() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_bytes())["services"]
    kafka = dict(_pods("dev"))["kafka"]["containers"][0]
    vllm = dict(_pods("prod"))["vllm"]["containers"][0]
    assert services["kafka"]["image"] == kafka["image"]
    assert services["vllm"]["image"] == vllm["image"]
    options = {word for word in vllm["args"] if word.startswith("--")} - {"--port"}
    assert {w for w in services["vllm"]["command"] if w.startswith("--")} == options


def test_what_the_runbook_reads_inside_a_pod_is_set_on_one_machine_too() -> None:
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    read = set(re.findall(r'os\.environ\["(C2C_\w+)"\]', page))
    writer = yaml.safe_load((ROOT / "compose.yaml").read_bytes())["services"]["writer"]
    assert read
    assert read <= writer["environment"].keys()


def test_every_page_applies_in_the_same_way() -> None:
    """Another way would leave what was applied the first way, or refuse to touch it."""
    pages = ("README.md", "k8s/README.md", "docs/runbook.md")
    ways = {
        found
        for page in pages
        for found in re.findall(r"\bapply (.*)-k k8s", (ROOT / page).read_text(encoding="utf-8"))
    }
    assert ways == {" ".join(APPLYING) + " "}


def test_a_push_is_taken_while_the_follower_waits_for_brokers(tmp_path: Path) -> None:
    """It is not ready then, and remembers who pushed (tests/cli/test_follower.py)."""
    [push] = [
        one
        for one in built(with_components(tmp_path, ["push"]))
        if (one["kind"], one["metadata"]["name"]) == ("Service", "push")
    ]
    assert push["spec"]["publishNotReadyAddresses"] is True


def test_whatever_serves_metrics_is_scraped() -> None:
    objects = built(K8S / "overlays" / "prod")
    watched = [
        (one["spec"]["selector"]["matchLabels"], one["spec"]["podMetricsEndpoints"][0]["port"])
        for one in objects
        if one["kind"] == "PodMonitor"
    ]
    serving = 0
    for one in objects:
        if one["kind"] not in ("StatefulSet", "Deployment"):
            continue
        template = one["spec"]["template"]
        labels = template["metadata"]["labels"].items()
        ports = {p["name"] for c in template["spec"]["containers"] for p in c.get("ports", ())}
        serving += bool(ports)
        met = any(chosen.items() <= labels and port in ports for chosen, port in watched)
        assert met or not ports, one["metadata"]["name"]
    assert serving == len(SERVICES) + 2, "the follower and the model server, too"


def _pods(overlay: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in built(K8S / "overlays" / overlay):
        if one["kind"] in ("StatefulSet", "Deployment", "Job"):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def _ours(overlay: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, pod in _pods(overlay):
        if name in SERVICES or name == "follower":
            yield name, pod
