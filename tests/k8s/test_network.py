"""Who may talk to whom: the network policies of an overlay, held against what its pods need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from c2c_stream.topics import SERVICES
from tests.k8s.kustomize import K8S, OVERLAYS, built

Labels = Mapping[str, str]
DNS: Final = 53


@dataclass(frozen=True)
class Pod:
    """What policies select by: a pod's labels, and whether it is in the overlay's namespace."""

    labels: Labels
    ours: bool = True


RESOLVER: Final = Pod({"k8s-app": "kube-dns"}, ours=False)
STRANGER: Final = Pod({"app": "stranger"}, ours=False)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_may_look_names_up(overlay: str) -> None:
    for name, pod in _pods(overlay).items():
        assert _may_send(overlay, pod, RESOLVER, DNS), name


def test_each_service_reaches_the_broker_and_the_broker_itself() -> None:
    """A broker sends to its own address, too: what ends a transaction comes to it that way."""
    pods = _pods("dev")
    for name in (*SERVICES, "topics", "follower", "kafka"):
        assert _may_reach("dev", pods[name], pods["kafka"], 9092), name
    assert not _may_reach("dev", STRANGER, pods["kafka"], 9092)
    assert not _may_send("dev", pods["kafka"], pods["writer"], 9464)


def test_the_model_server_is_the_writers_alone() -> None:
    pods = _pods("prod")
    for name in SERVICES:
        assert _may_reach("prod", pods[name], pods["vllm"], 8000) == (name == "writer"), name
    assert not _may_reach("prod", STRANGER, pods["vllm"], 8000)


def test_services_reach_the_brokers_of_the_operator_and_nobody_elses() -> None:
    broker = Pod({"strimzi.io/cluster": "c2c", "strimzi.io/name": "c2c-kafka"})
    pods = _pods("prod")
    for name in (*SERVICES, "follower", "operator"):
        assert _may_send("prod", pods[name], broker, 9093), name
        assert not _may_send("prod", pods[name], STRANGER, 9093), name


def _pods(overlay: str) -> dict[str, Pod]:
    return {
        one["metadata"]["name"]: Pod(one["spec"]["template"]["metadata"]["labels"])
        for one in built(K8S / "overlays" / overlay)
        if one["kind"] in ("StatefulSet", "Deployment", "Job")
    }


def _may_reach(overlay: str, source: Pod, target: Pod, port: int) -> bool:
    """Say whether both ends let a connection through."""
    sent = not source.ours or _may_send(overlay, source, target, port)
    return sent and _lets("Ingress", overlay, target, source, port)


def _may_send(overlay: str, source: Pod, target: Pod, port: int) -> bool:
    return _lets("Egress", overlay, source, target, port)


def _lets(way: str, overlay: str, pod: Pod, peer: Pod, port: int) -> bool:
    key, side = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}[way]
    rules = [
        rule
        for policy in _policies(overlay, way)
        if _chosen(policy["podSelector"], pod)
        for rule in policy.get(key, ())
    ]
    return any(
        port in [one["port"] for one in rule.get("ports", [{"port": port}])]
        and (side not in rule or any(_is(one, peer) for one in rule[side]))
        for rule in rules
    )


def _policies(overlay: str, way: str) -> Iterator[Mapping[str, Any]]:
    for one in built(K8S / "overlays" / overlay):
        if one["kind"] == "NetworkPolicy" and way in one["spec"]["policyTypes"]:
            yield one["spec"]


def _is(described: Mapping[str, Any], peer: Pod) -> bool:
    """Say whether a peer of a rule is this pod; addresses outside are nobody's here."""
    if "ipBlock" in described:
        return False
    anywhere = described.get("namespaceSelector") == {}
    there = anywhere or ("namespaceSelector" not in described and peer.ours)
    return there and _chosen(described.get("podSelector", {}), peer)


def _chosen(selector: Mapping[str, Any], pod: Pod) -> bool:
    wanted: Labels = selector.get("matchLabels", {})
    return wanted.items() <= pod.labels.items()
