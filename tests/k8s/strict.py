"""Hold objects against Kubernetes' published schema and against definitions, strictly.

Strictly: a field that the schema does not know is an error, and a quantity must be one. What only a
server knows (a negative count of replicas, admission) is for tests/k8s/test_api_server.py.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft4Validator

Object = Mapping[str, Any]
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_OWN: Final = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["string", "number"],
        "pattern": r"^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$",
    },
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}


class Schemas:
    """All kinds that are known, by apiVersion and kind."""

    def __init__(self, swagger: Path, definitions: Iterable[Object]) -> None:
        found = json.loads(swagger.read_bytes())["definitions"] | _OWN
        self._definitions = {name: _closed(schema) for name, schema in found.items()}
        self._kinds: dict[tuple[str, str], Object] = {}
        for name, schema in found.items():
            for kind in schema.get("x-kubernetes-group-version-kind", ()):
                version = "/".join(filter(None, (kind["group"], kind["version"])))
                self._kinds[version, kind["kind"]] = {"$ref": f"#/definitions/{name}"}
        for definition in definitions:
            self._add(definition["spec"])

    def _add(self, spec: Object) -> None:
        for version in spec["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": f"#/definitions/{_META}"}
            self._kinds[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema

    def errors(self, one: Object) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong with an object."""
        schema = self._kinds.get((one["apiVersion"], one["kind"]))
        if schema is None:
            yield f"no such kind: {one['apiVersion']} {one['kind']}"
            return
        checked = Draft4Validator({**schema, "definitions": self._definitions})
        for error in checked.iter_errors(one):
            yield f"{one['kind']} {one['metadata']['name']}: {error.json_path}: {error.message}"


def _closed(schema: Any) -> Any:
    """Return a schema under which a field that it does not name is an error."""
    if not isinstance(schema, dict):
        return schema
    closed = dict(schema)
    if "properties" in schema:
        closed["properties"] = {n: _closed(s) for n, s in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            closed.setdefault("additionalProperties", False)
    for name in ("items", "additionalProperties"):
        if name in closed:
            closed[name] = _closed(closed[name])
    return closed
