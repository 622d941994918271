import ast
import textwrap

import pytest

from c2c_stream.write.search.evidence import Evidence, gather
from c2c_stream.write.search.hints import read_type
from c2c_stream.write.search.names import hint_of, split_name
from c2c_stream.write.search.types import Kind, Node


def evidence(source: str) -> Evidence:
    return gather(ast.parse(textwrap.dedent(source)), "f")


def kinds(source: str) -> list[Kind]:
    return [node.best() for node in evidence(source).nodes]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("int", Kind.INT),
        ("Optional[str]", Kind.STR),
        ("str | None", Kind.STR),
        ("typing.List[int]", Kind.LIST),
        ("dict[str, list[int]]", Kind.DICT),
        ("'tuple[int, ...]'", Kind.TUPLE),
        ("set[str]", Kind.SET),
        ("Iterable[float]", Kind.LIST),
        ("Literal['a', 'b']", Kind.STR),
        ("Annotated[bytes, 3]", Kind.BYTES),
        ("bool", Kind.BOOL),
    ],
)
def test_written_types_are_read(text: str, kind: Kind) -> None:
    node = Node()
    assert read_type(text, node, 2.0)
    assert node.best() is kind


def test_written_types_reach_the_parts() -> None:
    node = Node()
    read_type("dict[str, list[tuple[int, bytes]]]", node, 2.0)
    pair = node.values().elements()
    assert node.keys().best() is Kind.STR
    assert (pair.best(), pair.length) == (Kind.TUPLE, 2)
    assert [pair.at(i).best() for i in range(2)] == [Kind.INT, Kind.BYTES]


@pytest.mark.parametrize("text", ["", "Foo", "1 +", "a[", "Foo[int]", "(" * 300])
def test_unknown_types_say_nothing(text: str) -> None:
    node = Node()
    assert not read_type(text, node, 2.0)
    assert node.evidence == 0


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nums", "list[int]"),
        ("userName", "str"),
        ("is_valid", "bool"),
        ("num_items", "int"),
        ("start_date", "str"),
        ("word_list", "list[str]"),
        ("email_addresses", ""),
        ("xyzzy", ""),
        ("_", ""),
    ],
)
def test_names_suggest_types(name: str, hint: str) -> None:
    assert hint_of(name)[0] == hint or hint == ""


def test_identifiers_are_split_into_words() -> None:
    assert split_name("parseHTTPRequest_v2") == ["parse", "http", "request", "v", "2"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(v): return v.strip()", Kind.STR),
        ("def f(v): return v % 2 + v // 3", Kind.INT),
        ("def f(v): return v['name']", Kind.DICT),
        ("def f(v): v.append(1); return v", Kind.LIST),
        ("def f(v): return v.union({1})", Kind.SET),
        ("def f(v): return v.decode()", Kind.BYTES),
        ("def f(v): return v[:2] == b'BM'", Kind.BYTES),
        ("def f(v): return v == 'yes'", Kind.STR),
        ("def f(v): return [x + 1 for x in v]", Kind.LIST),
        ("def f(v):\n  for k, x in v.items(): pass", Kind.DICT),
        ("def f(v): return all(c in 'abc' for c in v)", Kind.STR),
        ("def f(v): return f(v - 1) if v else 0", Kind.INT),
        ("def f(v=2.5): return v", Kind.FLOAT),
        ("def f(v):\n  '''\n  :param str v: what\n  '''\n  return v", Kind.STR),
        ("def f(v):\n  match v:\n    case {'a': x}: return x", Kind.DICT),
        ("def g(w): return w.upper()\ndef f(v): return g(v)", Kind.STR),
        ("T = {'a': 1}\ndef f(v): return T[v]", Kind.STR),
        ("def f(v):\n  '''\n  >>> f([1, 2])\n  '''\n  return v", Kind.LIST),
        ("def f(v): return max(v, key=lambda w: w['n'])", Kind.LIST),
        ("def f(v): return ','.join(v)", Kind.LIST),
    ],
)
def test_uses_tell_types(source: str, kind: Kind) -> None:
    assert kinds(source) == [kind]


def test_operands_that_meet_agree() -> None:
    assert kinds("def f(uu, vv):\n  if uu == vv: return uu.lower()") == [Kind.STR, Kind.STR]


def test_parts_are_found_where_they_stand() -> None:
    (node,) = evidence("""
        def f(v):
            for row in v['rows']:
                name, (low, high) = row
                if name.startswith('x-') and high - low > 3:
                    return name
        """).nodes
    row = node.fields["rows"].elements()
    assert row.length == 2
    assert row.items[0].best() is Kind.STR
    assert row.items[0].parts == ["x-"]
    assert [row.items[1].items[i].best() for i in range(2)] == [Kind.INT, Kind.INT]


def test_constants_of_comparisons_are_remembered() -> None:
    (node,) = evidence("def f(v): return v == 7 or v in (8, 9) or v > -3").nodes
    assert node.constants == [7, 8, 9, -3]


def test_the_pool_holds_the_constants_of_the_code_but_not_its_prose() -> None:
    pool = evidence(
        "'''Prose.'''\ndef f(v):\n  '''More.'''\n  return v + 12 + 2.5 + len('key')"
    ).pool
    assert (pool.ints, pool.floats, pool.strs) == ([12], [2.5], ["key"])


def test_absurdly_deep_code_is_still_gathered() -> None:
    deep = "def f(v): return " + "-(" * 80 + "v" + ")" * 80
    assert kinds(deep) == [Kind.INT]


def test_without_the_entry_point_there_is_nothing_to_gather() -> None:
    with pytest.raises(LookupError, match="'f'"):
        evidence("def g(): pass")
