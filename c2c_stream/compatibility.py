"""Say why records of one schema could not be read with another. Pure.

FULL compatibility is both ways: a new version reads what an old one wrote, and an old one what a
new one writes. Source: Avro specification 1.11, "Schema Resolution".
"""

from collections.abc import Iterable, Iterator
from typing import Any

# What a reader may ask for in place of what was written.
_PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


def differences(new: Any, old: Any) -> list[str]:
    """Return in words what makes two versions of a record incompatible either way."""
    forth = [f"new cannot read old: {why}" for why in unreadable(new, old)]
    return forth + [f"old cannot read new: {why}" for why in unreadable(old, new)]


def unreadable(reader: Any, writer: Any) -> list[str]:
    """Return why data of the parsed schema `writer` cannot be read as the parsed `reader`."""
    return list(_Reading(_named(reader, {}), _named(writer, {})).of(reader, writer, ""))


class _Reading:
    """One reader's names against one writer's."""

    def __init__(self, reader_names: dict[str, Any], writer_names: dict[str, Any]) -> None:
        self._reader_names = reader_names
        self._writer_names = writer_names
        self._seen: set[tuple[str, str]] = set()

    def of(self, reader: Any, writer: Any, at: str) -> Iterator[str]:
        """Yield what is wrong at the path `at`."""
        reader = self._reader_names.get(reader, reader) if isinstance(reader, str) else reader
        writer = self._writer_names.get(writer, writer) if isinstance(writer, str) else writer
        if isinstance(writer, list):
            for branch in writer:
                yield from self.of(reader, branch, at)
        elif isinstance(reader, list):
            tried = [list(self.of(branch, writer, at)) for branch in reader]
            if all(tried):
                yield _wrong(at, f"no branch of the union reads {_kind(writer)}")
        elif _kind(reader) != _kind(writer):
            if _kind(reader) not in _PROMOTIONS.get(_kind(writer), ()):
                yield _wrong(at, f"{_kind(writer)} cannot be read as {_kind(reader)}")
        else:
            yield from self._same(_kind(reader), reader, writer, at)

    def _same(self, kind: str, reader: Any, writer: Any, at: str) -> Iterator[str]:
        match kind:
            case "array":
                yield from self.of(reader["items"], writer["items"], f"{at}[]")
            case "map":
                yield from self.of(reader["values"], writer["values"], f"{at}{{}}")
            case "record" | "enum" | "fixed" if reader["name"] != writer["name"]:
                yield _wrong(at, f"{writer['name']} cannot be read as {reader['name']}")
            case "record":
                yield from self._record(reader, writer, at)
            case "enum":
                gone = sorted(set(writer["symbols"]) - set(reader["symbols"]))
                if gone and "default" not in reader:
                    yield _wrong(at, f"the enum has no {gone[0]} and no default")
            case "fixed" if reader["size"] != writer["size"]:
                yield _wrong(at, f"{writer['size']} bytes cannot be read as {reader['size']}")

    def _record(self, reader: Any, writer: Any, at: str) -> Iterator[str]:
        pair = (reader["name"], writer["name"])
        if pair in self._seen:
            return
        self._seen.add(pair)
        written = {field["name"]: field for field in writer["fields"]}
        for field in reader["fields"]:
            name = f"{at}.{field['name']}" if at else field["name"]
            names: Iterable[str] = (field["name"], *field.get("aliases", ()))
            found = next((written[n] for n in names if n in written), None)
            if found is not None:
                yield from self.of(field["type"], found["type"], name)
            elif "default" not in field:
                yield _wrong(name, "it has no default, and the other version does not write it")


def _wrong(at: str, why: str) -> str:
    return f"{at or 'the record'}: {why}"


def _kind(schema: Any) -> str:
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _named(schema: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Return all named types in a parsed schema."""
    match schema:
        case list():
            for branch in schema:
                _named(branch, names)
        case {"type": "array"}:
            _named(schema["items"], names)
        case {"type": "map"}:
            _named(schema["values"], names)
        case {"name": name}:
            names[name] = schema
            for field in schema.get("fields", ()):
                _named(field["type"], names)
    return names
