import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from c2c_stream.engine.letters import Letter
from c2c_stream.records import DeadLetter, SampleCase
from c2c_stream.sink.show import show_dead_letter, show_sample
from c2c_stream.sink.text import cell, one_line, plain
from tests.sink.make import dead_letter, sample

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m[bold]x[/bold]\r"


def shown(renderable: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_sample_shows_what_a_reader_wants() -> None:
    text = shown(show_sample(sample(3)))

    for part in ("pkg/m3.py:3 double", "Which function maps 3 to 6?", "return n * 2", "n=3", "MIT"):
        assert part in text


def test_no_control_character_of_a_sample_reaches_the_terminal() -> None:
    names = ("prompt", "code", "path", "repository", "commit", "license", "entry_point", "id")
    record = sample(1, **dict.fromkeys(names, HOSTILE))
    case = SampleCase(HOSTILE, "value", HOSTILE)
    values = {name: getattr(record, name) for name in type(record).__slots__}
    record = type(record)(**values | {"hidden_cases": (case,)})

    text = shown(show_sample(record))

    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert "[bold]x[/bold]" in text


def test_no_control_character_of_a_dead_letter_reaches_the_terminal() -> None:
    dead = DeadLetter(stage=HOSTILE, topic=HOSTILE, error=HOSTILE, reason=HOSTILE, value=b"\x1b[2J")

    text = shown(show_dead_letter(Letter(dead)))

    assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_a_dead_letter_shows_place_reason_and_bytes() -> None:
    text = shown(show_dead_letter(Letter(dead_letter(5))))

    for part in ("main.inputs[0]@5", "the jail broke twice", r"b'\x00\xff'", "traceparent"):
        assert part in text


@given(st.text())
def test_plain_text_prints(text: str) -> None:
    assert all(c.isprintable() or c in "\n\t" for c in plain(text))


@given(st.text(), st.integers(1, 40))
def test_one_line_is_short_and_prints(text: str, width: int) -> None:
    line = one_line(text, width)

    assert line.isprintable()
    assert len(line) <= width


@given(st.text())
def test_a_cell_cannot_leave_its_table(text: str) -> None:
    escaped = cell(text)

    assert "\n" not in escaped
    assert "<" not in escaped
    assert "|" not in escaped.replace("\\\\", "").replace("\\|", "")
