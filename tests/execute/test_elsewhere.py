"""What depends on the clock, the timezone or the locale differs between the two runs."""

import asyncio
from collections.abc import Sequence

import pytest

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.execute.request import request_of, run_of
from c2c_stream.execute.stage import Executor
from c2c_stream.reasons import Reason
from c2c_stream.records import Cases, Function, Inputs
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PLACE = Place("inputs", 0, 0)
CODE = "import calendar, datetime, email.utils, locale, os, time\ndef f(n):\n    return {}\n"
HERE_AND_NOW = (
    "datetime.date.today().year",
    "datetime.datetime.today().month",
    "datetime.datetime.now().year",
    "datetime.datetime.utcnow().year",
    "datetime.datetime.now(datetime.timezone.utc).year",
    "datetime.datetime.now(tz=None).hour",
    "datetime.datetime.fromtimestamp(0).hour",
    "datetime.datetime.fromisoformat('2024-02-29T01:02').timestamp()",
    "time.time() // 86400",
    "time.time_ns() // 86400 // 10**9",
    "time.clock_gettime(time.CLOCK_REALTIME) // 86400",
    "time.clock_gettime_ns(time.CLOCK_REALTIME) // 86400 // 10**9",
    "time.localtime().tm_year",
    "time.localtime(None).tm_year",
    "time.gmtime().tm_mon",
    "time.ctime()[-4:]",
    "time.asctime()[-4:]",
    "time.strftime('%Y')",
    "time.strftime('%H', time.localtime(0))",
    "calendar.timegm(time.gmtime()) // 86400",
    "email.utils.formatdate()[12:16]",
    "time.timezone",
    "time.tzname",
    "locale.setlocale(locale.LC_ALL, '')",
)
ANYWHERE = (
    ("datetime.date(2024, 2, 28 + n).isoformat()", "'2024-02-29'"),
    ("datetime.datetime(2024, 1, n, tzinfo=datetime.timezone.utc).timestamp()", "1704067200.0"),
    ("type(datetime.datetime.now()) is datetime.datetime", "True"),
    ("isinstance(datetime.date.today(), datetime.date)", "True"),
    ("datetime.datetime.now(datetime.timezone.utc).tzinfo is datetime.timezone.utc", "True"),
    ("abs(datetime.datetime.now().timestamp() - time.time()) < 9", "True"),
    ("time.gmtime(0).tm_year", "1970"),
    ("time.strftime('%Y', time.gmtime(0)), time.asctime(time.gmtime(0))[-4:]", "('1970', '1970')"),
    ("time.strptime('2024', '%Y').tm_year", "2024"),
    ("time.monotonic() >= 0 and time.perf_counter() >= 0", "True"),
    ("calendar.monthrange(2024, 2)", "(3, 29)"),
    ("os.environ.get('TZ'), os.environ.get('LC_ALL')", "(None, None)"),
    ("locale.setlocale(locale.LC_NUMERIC)", "'C'"),
)


# No text of theirs tells that they read a clock.
READERS = (
    "import gzip\ndef f(n):\n    return gzip.compress(b'x' * n)\n",
    "from email import utils\ndef f(n):\n    return utils.formatdate()[12:16]\n",
    (
        "import io, zipfile\ndef f(n):\n    held = io.BytesIO()\n"
        "    with zipfile.ZipFile(held, 'w') as file:\n        file.writestr('a', 'b' * n)\n"
        "    return held.getvalue()\n"
    ),
    (
        "def f(n):\n    import logging as log\n"
        "    return log.makeLogRecord({'n': n}).created // 86400\n"
    ),
)


def outcomes(expressions: Sequence[str], arguments: Sequence[str] = ("1",)) -> list[Outcome]:
    return executed([CODE.format(text) for text in expressions], arguments)


def executed(codes: Sequence[str], arguments: Sequence[str] = ("1",)) -> list[Outcome]:
    records = [
        Inputs(Function(code, entry_point="f", code=code), arguments=tuple(arguments))
        for code in codes
    ]

    async def main() -> list[Outcome]:
        executor = Executor(ExecuteSettings(), SandboxSettings(), jobs=2)
        await executor.start()
        try:
            return list(await asyncio.gather(*(executor.process(r, PLACE) for r in records)))
        finally:
            await executor.stop()

    return asyncio.run(main())


def test_what_is_of_here_and_now_is_no_case() -> None:
    reasons = [o.rejected[0].reason if o.rejected else "kept" for o in outcomes(HERE_AND_NOW)]

    told = dict(zip(HERE_AND_NOW, reasons, strict=True))
    assert told == dict.fromkeys(HERE_AND_NOW, Reason.DEPENDS_ON_TIME)


def test_what_imports_a_reader_of_the_clock_is_no_case() -> None:
    reasons = [o.rejected[0].reason if o.rejected else "kept" for o in executed(READERS)]
    assert reasons == [Reason.DEPENDS_ON_TIME] * len(READERS)


def test_what_is_printed_counts_as_what_is_returned_does() -> None:
    words = "{'one', 'two', 'three', 'four', 'five', 'six', 'seven'}"
    codes = [
        f"def f(n):\n    print({words})\n    return n\n",
        "import time\ndef f(n):\n    print(time.time())\n    return n\n",
        f"def f(n):\n    print(sorted({words}))\n    return n\n",
    ]
    reasons = [o.rejected[0].reason if o.rejected else "kept" for o in executed(codes)]
    assert reasons == [Reason.DEPENDS_ON_SET_ORDER, Reason.DEPENDS_ON_TIME, "kept"]


def test_what_is_so_anywhere_and_at_any_time_stays() -> None:
    kept = {}
    for (text, _), outcome in zip(ANYWHERE, outcomes([t for t, _ in ANYWHERE]), strict=True):
        for cases in outcome.outputs:
            assert isinstance(cases, Cases)
            kept[text] = cases.cases[0].result

    assert kept == dict(ANYWHERE)


@pytest.mark.parametrize(
    ("code", "elsewhere"),
    [
        ("def f(n):\n    return n\n", False),
        ("import time\n", True),
        ("from datetime import date\n", True),
    ],
)
def test_only_what_may_ask_for_its_place_is_moved(code: str, *, elsewhere: bool) -> None:
    shared = request_of(
        code, "f", ["1"], steps=1, call_cpu_ms=1, max_result_bytes=1, max_cases_bytes=1
    )

    assert run_of(shared, [0], 1, elsewhere=True)["elsewhere"] is elsewhere
    assert run_of(shared, [0], 1)["elsewhere"] is False
