from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.ingest.follow import LONGEST_WAIT_S, Turn, moves_of, to_read
from c2c_stream.records import Repository

BRANCHES = st.sampled_from(["a", "b", "c"])
HEADS = st.dictionaries(BRANCHES, st.sampled_from(["1", "2", "3", "4"]))


def move(branch: str, commit: str, base: str) -> Repository:
    return Repository("u", revision=commit, branch=branch, base=base)


def test_a_branch_that_moved_is_compared_with_where_it_was() -> None:
    assert moves_of("u", {"a": "1", "b": "1"}, {"a": "2", "b": "1"}) == [move("a", "2", "1")]


def test_the_first_branch_brings_all_and_others_what_differs_from_it() -> None:
    assert moves_of("u", {}, {"a": "1", "b": "2"}) == [move("a", "1", ""), move("b", "2", "1")]


def test_a_new_branch_where_another_stands_brings_nothing() -> None:
    moves = moves_of("u", {"a": "1"}, {"a": "1", "b": "1"})

    assert moves == [move("b", "1", "1")]
    assert to_read(moves) == []


@given(seen=st.lists(HEADS, max_size=8))
def test_every_commit_that_is_seen_is_covered_whatever_moves_when(
    seen: list[dict[str, str]],
) -> None:
    known: dict[str, str] = {}
    covered: set[str] = set()
    for heads in seen:
        for found in to_read(moves_of("u", known, heads)):
            # What a record compares with was brought by records before it.
            assert found.base in covered | {""}
            covered.add(found.revision)
        known |= heads
        assert set(known.values()) == covered & set(known.values())
        assert moves_of("u", known, heads) == []


def test_an_answer_is_asked_for_again_after_the_interval_give_or_take() -> None:
    turn = Turn(60, 0)
    turn.answered(1000, 0.0)
    assert turn.due_at == 1054
    turn.answered(1000, 0.5)
    assert turn.due_at == 1060


def test_a_repository_that_is_away_is_asked_less_and_less_often() -> None:
    turn = Turn(60, 0)
    waits = []
    for _ in range(40):
        turn.failed(0, 0.5)
        waits.append(turn.due_at)

    assert waits[:4] == [120, 240, 480, LONGEST_WAIT_S]
    assert waits[-1] == LONGEST_WAIT_S
    turn.answered(0, 0.5)
    turn.failed(0, 0.5)
    assert turn.due_at == 120


def test_who_is_asked_seldom_and_gave_no_answer_is_asked_again_soon() -> None:
    """Seldom, since a webhook wakes its follower: the answer that failed may be to a push."""
    turn = Turn(86_400, 0)
    turn.failed(0, 0.5)
    assert turn.due_at == LONGEST_WAIT_S
    turn.answered(0, 0.5)
    assert turn.due_at == 86_400


def test_a_silence_begins_with_a_question_and_ends_with_an_answer() -> None:
    turn = Turn(86_400, 0)
    assert turn.silent_since is None
    turn.asked(100)
    turn.failed(130, 0.5)
    turn.asked(1000)
    assert turn.silent_since == 100
    turn.answered(1001, 0.5)
    assert turn.silent_since is None
