"""Topics and users of a run as Strimzi's resources, from topics.py and rights.py."""

from collections.abc import Iterator
from typing import Any

from c2c_stream.broker.known import FOLLOWER
from c2c_stream.broker.rights import ROLES, Right, rights_of
from c2c_stream.topics import SERVICES, layouts
from generate.deployment import KAFKA, PARTITIONS, REPLICATION, RETENTION_HOURS, RUN, SCALER

_API = "kafka.strimzi.io/v1"
_PASSWORD = {"key": "password", "path": "password"}


def topics() -> Iterator[dict[str, Any]]:
    """Yield a KafkaTopic for each topic of the run."""
    for layout in layouts(PARTITIONS, REPLICATION, RETENTION_HOURS):
        name = f"{RUN}.{layout.name}"
        spec = {
            "partitions": layout.partitions,
            "replicas": layout.replication,
            "config": dict(layout.properties()),
        }
        yield _resource("KafkaTopic", name, spec)


def users() -> Iterator[dict[str, Any]]:
    """Yield a KafkaUser for each role, and one that KEDA reads lags as."""
    for role in ROLES:
        yield _user(role, rights_of(RUN, role))
    # A scaler asks where a group and a topic's ends are.
    reads = (
        Right("topic", f"{RUN}.", "Describe", prefixed=True),
        Right("group", f"{RUN}-", "Describe", prefixed=True),
    )
    yield _user(SCALER, reads)


def logins() -> Iterator[dict[str, Any]]:
    """Yield a patch for each service: the secret that Strimzi makes of its user."""
    for service in SERVICES:
        yield _login(service, "StatefulSet")
    yield _login(FOLLOWER, "Deployment")


def _login(service: str, kind: str) -> dict[str, Any]:
    volume = {"name": "login", "secret": {"secretName": service, "items": [_PASSWORD]}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": service},
        "spec": {"template": {"spec": {"volumes": [volume]}}},
    }


def _user(name: str, rights: tuple[Right, ...]) -> dict[str, Any]:
    operations: dict[tuple[str, str, bool], list[str]] = {}
    for right in rights:
        key = (right.resource, right.name, right.prefixed)
        operations.setdefault(key, []).append(right.operation)
    acls = [
        {
            "resource": {
                "type": kind,
                "name": resource,
                "patternType": "prefix" if prefixed else "literal",
            },
            "operations": allowed,
        }
        for (kind, resource, prefixed), allowed in operations.items()
    ]
    spec = {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {"type": "simple", "acls": acls},
    }
    return _resource("KafkaUser", name, spec)


def _resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    labels = {"strimzi.io/cluster": KAFKA}
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": _API, "kind": kind, "metadata": metadata, "spec": spec}
