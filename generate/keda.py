"""Scalers by lag as KEDA's resources, from topics.py and deployment.py.

A trigger's metadata is an unchecked map of strings: tests/k8s holds it against KEDA's own parser.
"""

from collections.abc import Iterator
from typing import Any

from generate.deployment import BOOTSTRAP, PROMETHEUS, SCALING, Scaling, group_of, topics_of

_API = "keda.sh/v1alpha1"
LOGIN = "kafka"
# More than will ever wait.
WAKES_ONLY = 1_000_000_000
# Each step down is a rebalance: one pod at a time, and only after five quiet minutes.
_DOWN = {
    "stabilizationWindowSeconds": 300,
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
}
_UP = {
    "stabilizationWindowSeconds": 0,
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 30}],
}


def scalers() -> Iterator[dict[str, Any]]:
    """Yield a ScaledObject for each service that scales."""
    for service, scaling in SCALING.items():
        yield {
            "apiVersion": _API,
            "kind": "ScaledObject",
            "metadata": {"name": service},
            "spec": _spec(service, scaling),
        }


def lag_trigger(service: str, records: int, topic: str) -> dict[str, Any]:
    """Return the trigger that counts what waits for a service on a topic."""
    return {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": BOOTSTRAP,
            "consumerGroup": group_of(service),
            "topic": topic,
            "lagThreshold": str(records),
            # One record that waits wakes the stage. Idle stages commit the end of the topic, behind
            # the marker of its last transaction, so their lag is 0 (tests/kafka/test_idle.py).
            "activationLagThreshold": "0",
            # A group that has never committed would wake nobody otherwise.
            "offsetResetPolicy": "earliest",
        },
        "authenticationRef": {"name": LOGIN},
    }


def model_scaler() -> dict[str, Any]:
    """Return the ScaledObject of the model server: its own queue, and who waits to be its cause."""
    return {
        "apiVersion": _API,
        "kind": "ScaledObject",
        "metadata": {"name": "vllm"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "vllm"},
            "minReplicaCount": 0,
            "maxReplicaCount": 4,
            "pollingInterval": 20,
            # A model takes minutes to load: let it go only after half an hour of nothing.
            "cooldownPeriod": 1800,
            "advanced": {
                "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": _DOWN, "scaleUp": _UP}}
            },
            "triggers": [
                _metric("sum(vllm:num_requests_waiting)", "16", "AverageValue"),
                _metric("100 * avg(vllm:kv_cache_usage_perc)", "80", "Value"),
                # Wakes it from zero, and never asks for a second one.
                lag_trigger("writer", WAKES_ONLY, *topics_of("writer")),
            ],
        },
    }


def _metric(query: str, threshold: str, kind: str) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "metricType": kind,
        "metadata": {"serverAddress": PROMETHEUS, "query": query, "threshold": threshold},
    }


def _spec(service: str, scaling: Scaling) -> dict[str, Any]:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": service},
        "minReplicaCount": scaling.least,
        "maxReplicaCount": scaling.most,
        "pollingInterval": 20,
        "cooldownPeriod": 300,
        # KEDA cannot reach the brokers: what runs stays.
        "fallback": {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicasIfHigher"},
        "advanced": {
            "horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": _DOWN, "scaleUp": _UP}}
        },
        "triggers": [lag_trigger(service, scaling.records, t) for t in topics_of(service)],
    }
