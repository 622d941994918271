from io import StringIO

from rich.console import Console

from c2c_stream.cli.funnel import Funnel, line_of
from c2c_stream.cli.progress import Progress
from c2c_stream.engine.balance import Account
from c2c_stream.engine.books import Books

TOPIC_OF = {
    "ingester": "repos",
    "collector": "files",
    "curator": "functions",
    "writer": "candidates",
    "executor": "inputs",
    "formatter": "cases",
}


def progress(read: int, waiting: int = 0, source_waiting: int = 0) -> Progress:
    """Return a run in which every service has read the same."""
    accounts = [
        Account(
            service,
            topic,
            Books(read=read, processed=read, found=read, out=read),
            source_waiting if service == "ingester" else waiting,
        )
        for service, topic in TOPIC_OF.items()
    ]
    return Progress((*accounts, Account("sink", "samples", Books(read=read, processed=read), 0)))


def shown(funnel: Funnel) -> str:
    console = Console(file=StringIO(), width=80)
    console.print(funnel.table())
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_table_fits_eighty_columns_and_names_every_stage() -> None:
    funnel = Funnel(Console(file=StringIO()))
    funnel.look(0.0, progress(1_234_567, waiting=98_765))

    lines = shown(funnel).splitlines()

    assert all(len(line) <= 80 for line in lines)
    assert len(lines) == 1 + 1 + 7
    assert "1,234,567" in lines[2]


def test_rates_and_the_time_left_follow_what_was_seen() -> None:
    funnel = Funnel(Console(file=StringIO()))
    funnel.look(0.0, progress(0, waiting=300))
    funnel.look(10.0, progress(200, waiting=100))

    table = shown(funnel)

    assert "about 5 s left" in table
    assert " 20 " in table


def test_while_sources_are_read_no_time_is_promised() -> None:
    funnel = Funnel(Console(file=StringIO()))
    funnel.look(0.0, progress(10, waiting=5, source_waiting=1))

    assert "reading the sources" in shown(funnel)


def test_without_a_terminal_a_line_is_printed_every_ten_seconds() -> None:
    console = Console(file=StringIO(), width=80)
    with Funnel(console) as funnel:
        for second in range(21):
            funnel.look(100.0 + second, progress(second))

    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.rpartition(" > ")[2] for line in lines] == ["0 rows", "10 rows", "20 rows"]


def test_the_funnel_in_one_line_has_every_stage() -> None:
    assert line_of(progress(2)) == (
        "2 files > 2 functions > 2 candidates > 2 inputs > 2 cases > 2 samples > 2 rows"
    )


def test_what_a_service_waits_for_is_said_once_and_again_after_it_was_over() -> None:
    console = Console(file=StringIO(), width=80)
    with Funnel(console) as funnel:
        for second, waiting in enumerate([[], ["writer waits: x"], ["writer waits: x"], []]):
            funnel.look(100.0 + second, progress(1), waiting)
        funnel.look(105.0, progress(1), ["writer waits: x"])

    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines()[1:] == ["writer waits: x"] * 2


def test_a_terminal_shows_what_a_service_waits_for() -> None:
    console = Console(file=StringIO(), width=80, force_terminal=True)
    with Funnel(console) as funnel:
        funnel.look(100.0, progress(1), ["writer waits: [the disk] is full"])

    assert isinstance(console.file, StringIO)
    assert "writer waits: [the disk] is full" in console.file.getvalue()
