"""`c2c dead-letters` on a run whose letters were made by hand."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Produced
from c2c_stream.cli.app import app_for
from c2c_stream.errors import SettingsError
from c2c_stream.records import DeadLetter, File, Header
from tests.engine.make import CODEC

VALUE = CODEC.encode(File(file_id="f00d"))


def dead(number: int, **fields: object) -> DeadLetter:
    known: dict[str, object] = {
        "stage": "collector",
        "topic": "files",
        "offset": number,
        "value": VALUE,
        "value_bytes": len(VALUE),
        "headers": (Header("traceparent", b"00"),),
        "error": "Poison",
        "reason": "[bold]no\nPython\x1b[31m",
    }
    return DeadLetter(**(known | fields))  # type: ignore[arg-type]  # its own fields


@pytest.fixture
def c2c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return what runs it on three letters of the collector and one of the writer."""
    monkeypatch.setenv("COLUMNS", "200")
    letters = [
        dead(0),
        dead(1, error="Retry"),
        dead(2),
        dead(3, stage="writer", topic="candidates", value=b"head", value_bytes=9_000_000),
    ]
    with closing(LocalRun(tmp_path / ".c2c", "main")) as log:
        log.create()
        log.append([Produced("dead-letters", b"", CODEC.encode(one)) for one in letters])

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app_for(), ["dead-letters", *arguments, "--out", str(tmp_path)])

    return run


def test_the_run_is_named_and_letters_are_counted_before_they_are_listed(
    c2c: Callable[..., Result], tmp_path: Path
) -> None:
    lines = c2c("list").stdout.splitlines()

    counts = "2 collector Poison, 1 collector Retry, 1 writer Poison"
    assert lines[0] == f"run main on local:{tmp_path / '.c2c'}"
    assert lines[1] == f"4 dead letters open: {counts}"
    assert [line.split()[:3] for line in lines[3:]] == [
        ["files[0]@0", "collector", "Poison"],
        ["files[0]@1", "collector", "Retry"],
        ["files[0]@2", "collector", "Poison"],
        ["candidates[0]@3", "writer", "Poison"],
    ]
    assert "\x1b" not in "".join(lines)


def test_a_long_list_says_how_much_is_left_out(c2c: Callable[..., Result]) -> None:
    assert c2c("list", "-n", "1").stdout.splitlines()[-1] == "and 3 more; see -n"


@pytest.mark.parametrize(
    ("options", "places"),
    [
        (("--stage", "writer"), ["candidates[0]@3"]),
        (("--error", "Retry"), ["files[0]@1"]),
        (("--id", "f00", "--error", "Poison"), ["files[0]@0", "files[0]@2"]),
        (("--id", "files[0]@2", "--id", "candidates[0]@3"), ["files[0]@2", "candidates[0]@3"]),
        (("--since", "2999-01-01"), []),
        (("--until", "2999-01-01T00:00+01:00", "--stage", "writer"), ["candidates[0]@3"]),
        (("--settled",), []),
    ],
)
def test_letters_are_chosen_by_options(
    c2c: Callable[..., Result], options: tuple[str, ...], places: list[str]
) -> None:
    found = json.loads(c2c("list", *options, "--json").stdout)

    assert [letter["place"] for letter in found["letters"]] == places
    assert sum(one["letters"] for one in found["counts"]) == len(places)


def test_one_letter_is_shown_whole_and_one_that_is_not_there_is_named(
    c2c: Callable[..., Result],
) -> None:
    shown = c2c("show", "files[0]@1").stdout
    assert "Retry" in shown
    assert "header traceparent  b'00'" in shown
    several = c2c("show", "--id", "f00d").stdout.splitlines()
    assert several[0].startswith("run main on local:")
    assert several[1].startswith("3 dead letters: 2 collector Poison")
    missing = c2c("show", "files[0]@99")
    assert missing.exit_code == 9
    assert "no dead letter at files[0]@99" in missing.stderr


def test_a_replay_says_what_it_would_do_and_what_it_cannot(c2c: Callable[..., Result]) -> None:
    planned = c2c("replay")
    assert planned.exit_code == 5
    run, counted, refused, nothing = planned.stdout.splitlines()
    assert run.startswith("run main on local:")
    assert counted == "3 dead letters to be replayed: 2 collector Poison, 1 collector Retry"
    assert refused.startswith(
        "candidates[0]@3 cannot be replayed: only the first 4 of its 9,000,000"
    )
    assert nothing == "nothing was done: the same with --execute does it"
    assert len(json.loads(c2c("list", "--json").stdout)["letters"]) == 4

    done = c2c("replay", "--execute")
    assert done.exit_code == 5
    assert done.stdout.splitlines()[-1] == "3 replayed"
    assert c2c("replay", "--again", "--stage", "collector", "--execute").exit_code == 0
    assert c2c("drop", "--execute").stdout.splitlines()[-1] == "1 dropped"
    assert c2c("list").stdout.splitlines()[1:] == ["no dead letters open"]
    settled = json.loads(c2c("list", "--settled", "--json").stdout)["letters"]
    assert [one["action"] for one in settled] == ["replayed"] * 3 + ["dropped"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--since", "yesterday"), "--since: found 'yesterday'"),
        (("--stage", "colector"), "unknown stage 'colector'"),
    ],
)
def test_a_wrong_option_is_named(
    c2c: Callable[..., Result], options: tuple[str, ...], words: str
) -> None:
    error = c2c("list", *options).exception

    assert isinstance(error, SettingsError)
    assert words in str(error)
