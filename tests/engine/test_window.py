import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from c2c_stream.engine.window import Prefix, Window
from tests.engine.make import settled


class WindowMachine(RuleBasedStateMachine):
    """A window against plain lists: each record is [offset, results, done]."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(5)
        self.model: list[tuple[int, list[str], list[bool]]] = []
        self.next_offset = 5
        self.now = 0.0
        self.names = 0
        self.emitted: list[str] = []
        self.expected: list[str] = []

    @rule(gap=st.integers(0, 3))
    def deliver(self, gap: int) -> None:
        offset = (self.model[-1][0] + 1 if self.model else self.next_offset) + gap
        self.window.deliver(offset, 10, produced_at=float(offset))
        self.model.append((offset, [], [False]))

    @precondition(lambda self: any(not done[0] for _, _, done in self.model))
    @rule(data=st.data(), done=st.booleans(), size=st.integers(1, 60))
    def finish(self, data: st.DataObject, size: int, *, done: bool) -> None:
        offset, results, is_done = data.draw(
            st.sampled_from([entry for entry in self.model if not entry[2][0]])
        )
        self.names += 1
        name = f"{offset}/{self.names}"
        results.append(f"{name}:{size}")
        is_done[0] = done
        self.now += 0.1
        self.window.add(offset, settled(name, size=size), self.now, done=done)

    def committable(self) -> list[str]:
        found: list[str] = []
        for _, results, done in self.model:
            found += results
            if not done[0]:
                break
        return found

    @rule(max_records=st.integers(1, 6), max_bytes=st.integers(1, 150), lost=st.booleans())
    def commit(self, max_records: int, max_bytes: int, *, lost: bool) -> None:
        expected = self.committable()
        prefix = self.window.prefix(max_records, max_bytes)
        assert (prefix is None) == (not expected)
        if prefix is None or lost:  # a commit that failed is made again later
            return
        names = [result.outputs[0].value.decode() for result in prefix.results]
        assert [name.split(":")[0] for name in expected[: len(names)]] == names
        sizes = [result.size for result in prefix.results]
        assert len(sizes) == 1 or (len(sizes) <= max_records and sum(sizes) <= max_bytes)
        if len(sizes) < len(expected):
            following = int(expected[len(sizes)].split(":")[1])
            assert len(sizes) == max_records or sum(sizes) + following > max_bytes
        self.window.committed(prefix, self.now)
        self.forget(len(names), prefix)

    def forget(self, count: int, prefix: Prefix) -> None:
        while count:
            offset, results, done = self.model[0]
            taken = results[:count]
            del results[:count]
            count -= len(taken)
            if results or not done[0]:
                break
            del self.model[0]
            self.next_offset = offset + 1
        assert self.next_offset <= prefix.next_offset
        assert all(prefix.next_offset <= offset for offset, _, _ in self.model)
        self.next_offset = prefix.next_offset

    @invariant()
    def sizes_are_what_is_held(self) -> None:
        held = [int(name.split(":")[1]) for _, results, _ in self.model for name in results]
        assert len(self.window) == len(self.model)
        assert self.window.size == 10 * len(self.model)
        assert self.window.finished_size == sum(held)
        assert self.window.has_prefix == bool(self.committable())
        oldest = float(self.model[0][0]) if self.model else None
        assert self.window.oldest_produced_at == oldest

    @invariant()
    def it_counts_what_is_finished_and_knows_since_when(self) -> None:
        finished = [results for _, results, _ in self.model if results]
        assert self.window.finished == len(finished)
        assert (self.window.finished_at <= self.now) == bool(finished)
        assert (self.window.finished_at == float("inf")) == (not finished)


TestWindow = WindowMachine.TestCase


def window(*offsets: int) -> Window:
    made = Window(0)
    for offset in offsets:
        made.deliver(offset, 10, 0.0)
    return made


def test_nothing_is_ready_behind_a_record_that_is_not_finished() -> None:
    made = window(1, 2, 3, 4, 5)
    for offset in (2, 3, 4, 5):
        made.add(offset, settled("a", size=1000), now=0.0)
    assert not made.has_prefix
    assert made.prefix(100, 10**6) is None


def test_a_prefix_that_must_not_be_large_is_none_where_its_first_result_is() -> None:
    made = window(1, 2)
    made.add(1, settled("a", size=1000), now=0.0)
    assert made.prefix(100, 999, at_least_one=False) is None
    assert made.prefix(0, 1000, at_least_one=False) is None
    found = made.prefix(1, 1000, at_least_one=False)
    assert found
    assert (found.size, found.next_offset) == (1000, 2)


def test_a_record_that_is_delivered_twice_or_finished_twice_is_a_bug() -> None:
    made = window(3)
    with pytest.raises(ValueError, match="offset 3 delivered behind 3"):
        made.deliver(3, 10, 0.0)
    made.add(3, settled("a"), 0.0)
    with pytest.raises(ValueError, match="offset 3 finished twice"):
        made.add(3, settled("a"), 0.0)
