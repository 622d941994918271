"""Records and a sink at work, for the tests of the sink."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from c2c_stream.engine.stage import Place
from c2c_stream.records import (
    DeadLetter,
    Dropped,
    Execution,
    Header,
    Record,
    RejectedItem,
    Rejection,
    Sample,
    SampleCase,
    Settlement,
    Writing,
)
from c2c_stream.settings import SinkSettings
from c2c_stream.sink.stage import Sink
from c2c_stream.sink.store import Store


def sample(number: int, **fields: str) -> Sample:
    case = SampleCase(f"n={number}", "value", str(2 * number))
    record = Sample(
        id=f"{number:032x}-case2code",
        function_id=f"{number:032x}",
        prompt=f"Which function maps {number} to {2 * number}?",
        completion="```python\ndef double(n):\n    return n * 2\n```",
        code="def double(n):\n    return n * 2\n",
        entry_point="double",
        visible_cases=(case, SampleCase("n='a'", "exception", "TypeError: no\nnumber \x1b[31m")),
        hidden_cases=(case,),
        repository="https://example.org/r.git",
        path=f"pkg/m{number}.py",
        commit="c0ffee",
        line=number,
        license="MIT",
        writer=Writing("search", "1", seed=number),
        runtime=Execution("3.11.7", 200_000, dropped=(Dropped("step_limit", 2),)),
    )
    values = {name: getattr(record, name) for name in Sample.__slots__} | fields
    return Sample(**values)


def rejection(number: int, stage: str = "collector", reason: str = "stub") -> Rejection:
    items = tuple(
        RejectedItem(
            occurrence_id=f"a{number:030x}{index}",
            path=f"pkg/m{number}.py",
            qualified_name=f"C.method{index}",
            line=index + 1,
            reason=reason,
            detail="only a docstring",
        )
        for index in range(2)
    )
    return Rejection(stage=stage, repository="https://example.org/r.git", items=items)


def dead_letter(number: int, key: str = "") -> DeadLetter:
    return DeadLetter(
        stage="executor",
        topic="main.inputs",
        offset=number,
        key=key.encode(),
        value=b"\x00\xff",
        value_bytes=2,
        headers=(Header("traceparent", b"00"),),
        error="Poison",
        reason="the jail broke twice",
        attempt=3,
    )


def settlement(number: int, action: str = "replayed") -> Settlement:
    """Return what was done about `dead_letter(number)`."""
    return Settlement("main.inputs", 0, number, action)


async def feed(
    out: Path,
    records: Mapping[int, Record],
    settings: SinkSettings | None = None,
    *,
    store: Store | None = None,
    settled: bool = True,
) -> Sink:
    """Start a sink, hand over `records` by offset, settle, stop; raise what a record raises."""
    sink = Sink(out, settings or SinkSettings(), store)
    await sink.start()
    tasks = [
        asyncio.create_task(sink.process(record, Place("t", 0, offset)))
        for offset, record in records.items()
    ]
    try:
        await asyncio.sleep(0)
        if settled:
            await sink.settle()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await sink.stop()
    return sink


def stored(out: Path) -> dict[str, bytes]:
    """Return the bytes of every file under `out`; locks hold none."""
    files = (p for p in out.rglob("*") if p.is_file() and p.suffix != ".lock")
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in files}
