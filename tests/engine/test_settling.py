"""Dead letters put back and let go, on a run whose collector failed on some files."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Broker, Delivered, Position, Produced
from c2c_stream.broker.run import SETTLER
from c2c_stream.cli.progress import Progress, progress_of
from c2c_stream.engine import settling
from c2c_stream.engine.books import Books, to_metadata
from c2c_stream.engine.letters import DROPPED, REPLAYED, Choice
from c2c_stream.engine.settling import Plan, carry_out, desk_of, plan
from c2c_stream.engine.stage import Outcome
from c2c_stream.engine.workers import PureWorker, Worker
from c2c_stream.errors import Poison
from c2c_stream.records import DeadLetter, File
from c2c_stream.topics import key_of
from tests.engine.make import CODEC
from tests.engine.service import Run, eventually, serving
from tests.engine.stages import Pure, passed

FILES = 12
BAD = {"3", "4", "9"}


def collector(bad: set[str]) -> Callable[[Broker], Worker]:
    def judge(record: File) -> Outcome | Exception:
        return Poison("bad") if record.file_id in bad else passed(record)

    return lambda _: PureWorker(Pure(judge))


@pytest.fixture
def run(run_folder: Path) -> Run:
    """Return a run in which three files are dead letters."""
    run = Run(run_folder)
    put_out = to_metadata(Books(found=FILES, out=FILES))
    run.log.commit("ingester", [], {"repos": Position(0, put_out)}, {}, keep=True)
    for n in range(FILES):
        value = CODEC.encode(File(file_id=str(n), content=b"\x00\xff"))
        run.append(Produced("files", b"\xffkey%d" % n, value, (("traceparent", b"00-\xff"),)))
    read(run, BAD)
    return run


def read(run: Run, bad: set[str]) -> None:
    with serving(run, "collector", collector(bad)):
        eventually(lambda: run.has_read("files"))


def settle(run: Run, action: str, choice: Choice, *, stop_at_first_error: bool = False) -> Plan:
    with (
        closing(LocalRun(run.folder, "main")) as log,
        closing(log.feeder(SETTLER)) as feeder,
    ):
        desk = desk_of(log, CODEC)
        wanted = plan(desk, choice, action, stop_at_first_error=stop_at_first_error)
        assert sum(carry_out(wanted, desk, feeder)) == wanted.counts.total()
        return wanted


def progress(run: Run) -> Progress:
    with closing(LocalRun(run.folder, "main")) as log:
        return progress_of(log)


def on_files(run: Run) -> list[Delivered]:
    return run.log.read("files", 0, 10**6)


OPEN = Choice(settled=False)


def test_what_is_replayed_stands_again_byte_for_byte_and_is_read(run: Run) -> None:
    settle(run, REPLAYED, OPEN)

    files = on_files(run)
    again = {(one.key, one.value, one.headers) for one in files[FILES:]}
    assert again == {(files[int(n)].key, files[int(n)].value, files[int(n)].headers) for n in BAD}
    assert progress(run).imbalances() == []
    assert (progress(run).fed("collector"), progress(run).open_letters()) == (3, 0)
    read(run, set())
    found = sorted(one.function_id for one in run.records("functions"))
    assert found == sorted(str(n) for n in range(FILES))
    assert progress(run).imbalances() == []
    assert progress(run).dead() == 3


def test_what_dies_again_is_a_new_letter(run: Run) -> None:
    settle(run, REPLAYED, OPEN)
    read(run, {"9"})

    assert progress(run).open_letters() == 1
    assert settle(run, REPLAYED, OPEN).counts == {("collector", "Poison"): 1}


def test_a_settled_letter_is_left_alone_unless_it_is_asked_for_again(run: Run) -> None:
    settle(run, DROPPED, Choice(ids=("3",), settled=False))
    assert settle(run, DROPPED, OPEN).counts.total() == 2
    assert settle(run, REPLAYED, OPEN).counts.total() == 0
    assert (progress(run).fed("collector"), progress(run).open_letters()) == (0, 0)

    settle(run, REPLAYED, Choice(ids=("3",)))

    assert len(on_files(run)) == FILES + 1
    assert (progress(run).fed("collector"), progress(run).open_letters()) == (1, 0)
    assert progress(run).imbalances() == []


def test_only_what_was_counted_is_settled(run: Run) -> None:
    with (
        closing(LocalRun(run.folder, "main")) as log,
        closing(log.feeder(SETTLER)) as feeder,
    ):
        desk = desk_of(log, CODEC)
        wanted = plan(desk, OPEN, REPLAYED, stop_at_first_error=False)
        run.feed(File(file_id="late"))
        read(run, {"late"})
        assert sum(carry_out(wanted, desk, feeder)) == 3
    assert progress(run).open_letters() == 1


def test_many_letters_are_settled_in_bounded_transactions(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "BATCH_LETTERS", 2)
    with (
        closing(LocalRun(run.folder, "main")) as log,
        closing(log.feeder(SETTLER)) as feeder,
    ):
        desk = desk_of(log, CODEC)
        wanted = plan(desk, OPEN, REPLAYED, stop_at_first_error=False)
        assert list(carry_out(wanted, desk, feeder)) == [2, 1]
        monkeypatch.setattr(settling, "BATCH_BYTES", 1)
        again = plan(desk, Choice(), REPLAYED, stop_at_first_error=False)
        assert list(carry_out(again, desk, feeder)) == [1, 1, 1]


@pytest.mark.parametrize(
    ("stop_at_first_error", "replayed"), [(False, {*BAD, "late"}), (True, BAD)]
)
def test_a_letter_of_which_only_the_head_was_kept_is_refused(
    run: Run, *, stop_at_first_error: bool, replayed: set[str]
) -> None:
    run.feed(DeadLetter(topic="files", offset=99, value=b"head", value_bytes=9_000_000))
    run.feed(File(file_id="late"))
    read(run, {"late"})

    wanted = settle(run, REPLAYED, OPEN, stop_at_first_error=stop_at_first_error)

    assert [place for place, _ in wanted.refused] == ["files[0]@99"]
    assert "the first 4 of its 9,000,000 bytes were kept" in wanted.refused[0][1]
    again = [CODEC.decode(one.value) for one in on_files(run)[FILES + 1 :]]
    assert {key_of(record) for record in again} == replayed
    settle(run, DROPPED, OPEN)
    assert settle(run, REPLAYED, OPEN).refused == ()


def test_a_topic_that_is_unknown_here_is_refused(run: Run) -> None:
    run.feed(DeadLetter(topic="planets", stage="collector"))

    [(place, why)] = settle(run, REPLAYED, OPEN).refused

    assert (place, "no topic 'planets'" in why) == ("planets[0]@0", True)
