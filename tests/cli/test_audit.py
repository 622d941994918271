"""What `c2c rejections` prints, on a terminal and into a file."""

from io import StringIO

import pytest
from rich.console import Console

from c2c_stream.cli.audit import print_reasons
from c2c_stream.records import RejectedItem
from c2c_stream.sink.audit import Reason, Rejected

EXAMPLE = "a/rather/long/path/of/a/module/in/some/folder.py::OfAClass.and_of_a_method"


def printed(width: int, *, terminal: bool) -> list[str]:
    path, _, name = EXAMPLE.partition("::")
    method = RejectedItem(path=path, qualified_name=name)
    no_args = RejectedItem(path="a.py")
    found = [
        Reason("collector", "method", 12_639, Rejected("collector", "shop", "", method)),
        Reason("collector", "no_args", 7, Rejected("collector", "shop", "", no_args)),
    ]
    file = StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, color_system=None)
    print_reasons(console, found)
    return file.getvalue().splitlines()


@pytest.mark.parametrize(("width", "terminal"), [(80, False), (20, False), (200, True)])
def test_a_reason_is_one_line_with_its_example(width: int, *, terminal: bool) -> None:
    head, method, no_args = printed(width, terminal=terminal)

    assert head.split() == ["stage", "reason", "items", "meaning", "for", "example"]
    assert method.split()[:3] == ["collector", "method", "12,639"]
    assert method.rstrip().endswith(f" {EXAMPLE}")
    assert no_args.rstrip().endswith(" a.py")
    if not terminal:
        assert no_args == no_args.rstrip()


def test_examples_stand_below_where_a_terminal_has_no_room_for_them() -> None:
    lines = printed(80, terminal=True)

    table = lines[: lines.index("for example:")]
    assert all(len(line) <= 80 for line in table)
    assert table[1].split()[:3] == ["collector", "method", "12,639"]
    assert lines[-2:] == [f"collector method: {EXAMPLE}", "collector no_args: a.py"]
