"""Triggers are maps of strings that no schema checks: they are held against KEDA's own parser."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from c2c_stream.topics import SERVICES, consumed_by
from generate.deployment import PARTITIONS, RUN, SCALING
from tests.k8s.kustomize import K8S, built
from tests.k8s.parts import KEDA, module

Trigger = Mapping[str, Any]
# Keys that its parser looks up under a name of their own.
_NAMED = re.compile(r'MetricName\s*=\s*"(\w+)"')
_READ = re.compile(r'TriggerMetadata\["(\w+)"\]')
_TAGGED = re.compile(r'keda:"name=(\w+),\s*order=triggerMetadata')
_NUMBERS = ("lagThreshold", "activationLagThreshold", "threshold", "activationThreshold")


@pytest.fixture(scope="module")
def known() -> Mapping[str, frozenset[str]]:
    """Return the keys of each kind of trigger, as its parser reads them."""
    folder = module(KEDA) / "pkg" / "scalers"
    return {
        kind: frozenset(
            key
            for pattern in (_NAMED, _READ, _TAGGED)
            for key in pattern.findall((folder / f"{kind}_scaler.go").read_text(encoding="utf-8"))
        )
        for kind in ("kafka", "prometheus")
    }


def wrong(trigger: Trigger, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Yield what is wrong with a trigger."""
    metadata = trigger["metadata"]
    yield from (key for key in metadata if key not in known[trigger["type"]])
    yield from (key for key, value in metadata.items() if not isinstance(value, str))
    for name in _NUMBERS:
        if name in metadata and not re.fullmatch(r"\d+", str(metadata[name])):
            yield f"{name}: {metadata[name]}"
    if metadata.get("offsetResetPolicy", "earliest") not in ("earliest", "latest"):
        yield f"offsetResetPolicy: {metadata['offsetResetPolicy']}"


def test_every_trigger_is_one_that_keda_reads(known: Mapping[str, frozenset[str]]) -> None:
    triggers = [t for one in _scalers() for t in one["spec"]["triggers"]]
    assert len(triggers) > len(SCALING)
    assert not [told for trigger in triggers for told in wrong(trigger, known)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lagThreshhold", "5"),
        ("lagThreshold", "many"),
        ("offsetResetPolicy", "first"),
        ("lagThreshold", 5),
    ],
)
def test_a_planted_mistake_in_a_trigger_is_found(
    key: str, value: object, known: Mapping[str, frozenset[str]]
) -> None:
    trigger = next(iter(_scalers()))["spec"]["triggers"][0]
    planted = {**trigger, "metadata": {**trigger["metadata"], key: value}}
    assert not list(wrong(trigger, known))
    assert list(wrong(planted, known))


def test_scalers_count_what_the_stages_consume() -> None:
    for one in _scalers():
        name, spec = one["metadata"]["name"], one["spec"]
        if name not in SERVICES:
            continue
        counted = {
            (t["metadata"]["consumerGroup"], t["metadata"]["topic"]) for t in spec["triggers"]
        }
        assert counted == {(f"{RUN}-{name}", f"{RUN}.{t.name}") for t in consumed_by(name)}
        assert spec["maxReplicaCount"] <= PARTITIONS


def test_keda_finds_what_it_asks_from_a_namespace_of_its_own() -> None:
    """A name alone is looked up in the namespace of who asks: KEDA's, not ours."""
    for one in _scalers():
        for trigger in one["spec"]["triggers"]:
            told = trigger["metadata"]
            address = told.get("bootstrapServers") or told["serverAddress"].partition("://")[2]
            _, *rest = address.partition(":")[0].split(".")
            wanted = {"kafka": [one["metadata"]["namespace"], "svc"], "prometheus": ["monitoring"]}
            assert rest == wanted[trigger["type"]], address


def test_what_keeps_state_never_goes_to_zero_and_the_sink_is_one() -> None:
    least = {one["metadata"]["name"]: one["spec"]["minReplicaCount"] for one in _scalers()}
    assert least["curator"] == 1
    assert "sink" not in least


def test_a_scaled_service_has_no_fixed_number_beside_its_scaler() -> None:
    scaled = {one["metadata"]["name"] for one in _scalers()}
    for one in built(K8S / "overlays" / "prod"):
        if one["kind"] in ("StatefulSet", "Deployment") and one["metadata"]["name"] in scaled:
            assert "replicas" not in one["spec"], one["metadata"]["name"]


def test_partitions_agree_wherever_they_stand() -> None:
    objects = built(K8S / "overlays" / "prod")
    run = next(o for o in objects if o["kind"] == "ConfigMap" and "C2C_RUN" in o.get("data", {}))
    assert run["data"]["C2C_RUN"] == RUN
    assert run["data"]["C2C_KAFKA__PARTITIONS"] == str(PARTITIONS)
    topics = [one for one in objects if one["kind"] == "KafkaTopic"]
    assert {one["spec"]["partitions"] for one in topics} == {PARTITIONS}


def _scalers() -> Iterator[Mapping[str, Any]]:
    for one in built(K8S / "overlays" / "prod"):
        if one["kind"] == "ScaledObject":
            yield one
