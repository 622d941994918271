from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import BATCH_RECORDS, KeyedWorker, Task
from c2c_stream.errors import Retry
from c2c_stream.records import File
from tests.engine.make import place

KEYS = st.dictionaries(st.sampled_from("ab"), st.binary(max_size=1), max_size=2)


class Putting:
    """A KeyedStage that is told what to put and remembers what it saw."""

    def __init__(self) -> None:
        self.puts: Mapping[str, bytes] | Exception = {}
        self.saw: dict[str, bytes | None] = {}

    def process(self, _: File, state: Mapping[str, bytes]) -> Outcome:
        self.saw = {key: state.get(key) for key in "ab"}
        if isinstance(self.puts, Exception):
            raise self.puts
        return Outcome(puts=self.puts)


@given(st.lists(st.tuples(KEYS, st.integers(0, 3)), max_size=20))
def test_a_keyed_stage_sees_the_last_puts_however_late_they_are_committed(
    steps: list[tuple[dict[str, bytes], int]],
) -> None:
    committed: dict[str, bytes] = {}
    stage = Putting()
    worker = KeyedWorker(stage, committed)
    last: dict[str, bytes] = {}
    waiting: list[dict[str, bytes]] = []
    for puts, commits in steps:
        stage.puts = puts
        worker.submit(Task(place(0), File()))
        assert worker.completion(0.0)
        assert stage.saw == {key: last.get(key) for key in "ab"}
        last |= puts
        waiting.append(puts)
        for landed in waiting[:commits]:
            committed |= landed
            worker.settled(landed)
        del waiting[:commits]
    for landed in waiting:
        committed.update(landed)
        worker.settled(landed)
    assert committed == last
    assert worker._overlay == {}


def test_after_a_failure_a_keyed_stage_takes_nothing_until_the_engine_knows() -> None:
    stage = Putting()
    worker = KeyedWorker(stage, {})
    assert worker.room() == BATCH_RECORDS
    stage.puts = Retry("disk")
    worker.submit(Task(place(0), File()))
    assert worker.room() == 0
    done = worker.completion(0.0)
    assert done
    assert done.result is stage.puts
    assert worker.room() == BATCH_RECORDS
