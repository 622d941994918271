import ast
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.literals import format_arguments, parse_arguments
from c2c_stream.write.search.evidence import Evidence, gather, text_of
from c2c_stream.write.search.mutate import Mutator
from c2c_stream.write.search.operands import proposals
from c2c_stream.write.search.places import copied, places_of, replaced, shape_of
from c2c_stream.write.search.repair import Repairer
from c2c_stream.write.search.select import Kept, chosen
from c2c_stream.write.search.signature import OMITTED, Values
from c2c_stream.write.search.types import HASHABLE, KIND_OF, Kind
from c2c_stream.write.search.values import Filler

SIGNATURES = [
    "def f(n, text='a'): return text * n",
    "def f(rows: list[list[int]], table: dict[str, tuple[int, ...]], *rest, flag=False): pass",
    "def f(a: set[str], /, b: bytes, *, c: float, **names): pass",
    "def f(user): return user['name'].split(',')[0] + user['tags'][1]",
    "def f(x, y=None, z=()): return x",
]
seeds = st.integers(0, 10_000)
signatures = st.sampled_from(SIGNATURES)


def parts(source: str, seed: int) -> tuple[Evidence, Filler, Mutator, Random]:
    evidence = gather(ast.parse(source), "f")
    rng = Random(seed)
    filler = Filler(evidence, rng)
    return evidence, filler, Mutator(evidence.nodes, evidence.pool, filler, rng), rng


def check_readable(evidence: Evidence, values: Values) -> None:
    text = text_of(evidence.signature, values)
    assert format_arguments(*parse_arguments(text)) == text


@given(signatures, seeds, st.floats(0.5, 4))
def test_what_is_made_can_be_written_and_read(source: str, seed: int, temperature: float) -> None:
    evidence, filler, _, _ = parts(source, seed)
    filler.temperature = temperature
    for _ in range(5):
        check_readable(evidence, filler.arguments())


@given(signatures, seeds)
def test_what_is_mutated_can_be_written_and_read(source: str, seed: int) -> None:
    evidence, filler, mutator, _ = parts(source, seed)
    values = filler.arguments()
    for _ in range(10):
        before = repr(values)
        changed = mutator.mutated(values)
        assert repr(values) == before
        check_readable(evidence, changed)
        values = changed


@given(signatures, seeds)
def test_a_change_at_a_place_is_a_change_of_that_place_alone(source: str, seed: int) -> None:
    evidence, filler, _, rng = parts(source, seed)
    values = filler.arguments()
    places = places_of(evidence.nodes, values)
    if places:
        place = rng.choice(places)
        changed = replaced(values, place.path, "new")
        again = replaced(changed, place.path, place.value)
        assert repr(again) == repr(values)
        assert [v for i, v in enumerate(changed) if i != place.path[0]] == [
            v for i, v in enumerate(values) if i != place.path[0]
        ]


@given(signatures, seeds)
def test_a_shape_makes_values_of_the_same_kinds(source: str, seed: int) -> None:
    evidence, filler, _, _ = parts(source, seed)
    values = filler.arguments()
    shape = shape_of(evidence.nodes, values)
    for node, value in zip(evidence.nodes, values, strict=True):
        if value is not OMITTED:
            assert shape[node] is KIND_OF[type(value)]


def test_copies_share_nothing_that_can_change() -> None:
    value = {"a": [1, {2}, ({"b": []},)]}
    copy = copied(value)
    assert copy == value
    value["a"].clear()
    assert copy == {"a": [1, {2}, ({"b": []},)]}


ERRORS = [
    ("x=1", TypeError("'int' object is not iterable"), Kind.LIST),
    ("x=1", TypeError("object of type 'int' has no len()"), Kind.LIST),
    ("x=1", AttributeError("'int' object has no attribute 'split'"), Kind.STR),
    ("x=1", AttributeError("'int' object has no attribute 'items'"), Kind.DICT),
    ("x='a'", TypeError("a bytes-like object is required, not 'str'"), Kind.BYTES),
    (
        "x='a'",
        TypeError("startswith first arg must be str or a tuple of str, not bytes"),
        Kind.BYTES,
    ),
    ("x='a'", TypeError("unsupported operand type(s) for -: 'str' and 'str'"), Kind.INT),
    ("x='a'", TypeError("must be real number, not str"), Kind.INT),
    ("x=2", TypeError("expected str, bytes or os.PathLike object, not int"), Kind.STR),
]


@pytest.mark.parametrize(("given_text", "error", "kind"), ERRORS)
def test_a_type_error_changes_the_kind(given_text: str, error: Exception, kind: Kind) -> None:
    repaired = repair(given_text, error)
    assert repaired is not None
    assert KIND_OF[type(repaired[0])] is kind


def test_what_must_be_hashed_becomes_hashable() -> None:
    repaired = repair("x=[1]", TypeError("unhashable type: 'list'"))
    assert repaired is not None
    assert KIND_OF[type(repaired[0])] in HASHABLE


def repair(text: str, error: BaseException) -> Values | None:
    evidence, filler, _, rng = parts("def f(x, y=0): pass", 3)
    _, kwargs = parse_arguments(text)
    values = (kwargs["x"], kwargs.get("y", OMITTED))
    return Repairer(evidence.nodes, filler, rng).repaired(values, error)


def test_a_missing_key_is_added() -> None:
    repaired = repair("x={}", KeyError("name"))
    assert repaired is not None
    assert "name" in repaired[0]  # type: ignore[operator]  # a dict, as given


def test_a_short_list_grows() -> None:
    repaired = repair("x=[]", IndexError("list index out of range"))
    assert repaired is not None
    assert len(repaired[0]) > 0  # type: ignore[arg-type]  # a list, as given


def test_what_is_unpacked_gets_its_length() -> None:
    repaired = repair("x=[1]", ValueError("not enough values to unpack (expected 3, got 1)"))
    assert repaired is not None
    assert len(repaired[0]) == 3  # type: ignore[arg-type]  # a list, as given


def test_a_text_that_should_be_digits_becomes_digits() -> None:
    error = ValueError("invalid literal for int() with base 10: 'pear'")
    repaired = repair("x='pear'", error)
    assert repaired is not None
    assert str(repaired[0]).isdigit()
    within = repair("x='1,pear'", error)
    assert within is not None
    assert str(within[0]).replace(",", "").isdigit()


def test_a_zero_is_no_divisor_for_long() -> None:
    repaired = repair("x=0", ZeroDivisionError("division by zero"))
    assert repaired is not None
    assert repaired[0] != 0


def test_errors_that_tell_nothing_repair_nothing() -> None:
    def mute(_self: object) -> str:
        raise RuntimeError

    quiet = type("ValueError", (ValueError,), {"__str__": mute})
    for error in (quiet(), OSError(), ValueError(""), TypeError("?")):
        assert repair("x=1", error) is None


@pytest.mark.parametrize(
    ("pair", "values", "wanted"),
    [
        (("Eq", 3, 90210), (3,), (90210,)),
        (("Lt", 3, 50), (3,), (51,)),
        (("Eq", "ab", "zz"), ("xaby",), ("xzzy",)),
        (("Eq", 2, 4), ([7, 8],), ([7, 8, 7, 8],)),
        (("In", "q", "aeiou"), ("q",), ("a",)),
        (("NotIn", 5, [1, 2]), (5,), (1,)),
        (("Eq", 31, 32), ("31",), ("32",)),
        (("Eq", b"ab", b"BM"), (b"abc",), (b"BMc",)),
    ],
)
def test_comparisons_propose_the_other_operand(
    pair: tuple[str, object, object], values: Values, wanted: Values
) -> None:
    evidence, *_ = parts("def f(x): pass", 1)
    assert wanted in proposals(evidence.nodes, values, [pair])


def kept(text: str, edges: int, outcome: str = "", *, works: bool = True) -> Kept:
    return Kept((text,), text, works, outcome or text, edges)


def test_new_edges_are_chosen_before_new_outcomes() -> None:
    entries = [kept("x=1", 0b1), kept("x=2", 0b1), kept("x=300", 0b10, "1")]
    assert {entry.text for entry in chosen(entries, 2)} == {"x=1", "x=300"}


def test_few_of_the_chosen_raise() -> None:
    raising = [kept(f"x={n}", 1 << n, "E", works=False) for n in range(12)]
    working = [kept(f"x='{n}'", 1) for n in range(30)]
    picked = chosen(raising + working, 20)
    assert sum(not entry.works for entry in picked) == 2
    assert len(picked) == 20


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 7)), unique=True), st.integers(0, 9))
def test_choosing_takes_each_once_and_no_more_than_asked(
    rows: list[tuple[int, int]], count: int
) -> None:
    entries = [kept(f"x={n}, y={edges}", edges) for n, edges in rows]
    picked = chosen(entries, count)
    assert len(picked) == min(count, len(entries))
    assert len({entry.text for entry in picked}) == len(picked)
