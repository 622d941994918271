import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2c_stream.collect.parser import Parser, WorkerLimits
from c2c_stream.collect.rules import Collected, Limits, TurnedDown
from c2c_stream.errors import Fatal, Retry
from c2c_stream.reasons import Reason
from c2c_stream.settings import MIB

CANARY = b"def canary(a): return a + 1\n"
# Of its memory the interpreter takes a part before it has read anything.
LIMITS = WorkerLimits(memory_bytes=160 * MIB, cpu_s=2)


@pytest.fixture
def parser() -> Iterator[Parser]:
    parser = Parser(Limits(), LIMITS)
    yield parser
    parser.close()


def worker_pid(parser: Parser) -> int:
    assert parser._worker is not None
    return parser._worker._process.pid


def assert_it_still_serves(parser: Parser) -> None:
    (found,) = parser.collect("canary.py", CANARY)
    assert isinstance(found, Collected)
    assert found.code == CANARY.decode()


def reasons(parser: Parser, content: bytes) -> list[Reason | None]:
    found = parser.collect("hostile.py", content)
    return [each.reason if isinstance(each, TurnedDown) else None for each in found]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"def f(a): return [" + b"1," * 1_000_000 + b"]", id="list_1M_memory"),
        pytest.param(b"def f(a): return a\n" + b"x=1\n" * 500_000, id="stmts_500k"),
        pytest.param(b"def f(a): return " + b"-" * 500_000 + b"a", id="unary_500k"),
        pytest.param(b"def f(a): return a" + b".b" * 200_000, id="attr_chain_200k"),
        pytest.param(b"def f(a): return " + b"f'{" * 100_000 + b"a", id="fstrings"),
        pytest.param(b"def f(a):\n if a: pass\n" + b" elif a: pass\n" * 30_000, id="elif_30k"),
    ],
)
def test_a_file_that_takes_too_much_costs_itself_and_nobody_else(
    parser: Parser, content: bytes
) -> None:
    assert_it_still_serves(parser)
    assert reasons(parser, content) in ([Reason.PARSE_LIMIT], [Reason.SYNTAX_ERROR])
    assert_it_still_serves(parser)


def test_the_file_is_judged_whatever_came_before_it(parser: Parser) -> None:
    large = b"def f(a): return [" + b"1," * 60_000 + b"]"
    alone = reasons(parser, large)
    for _ in range(3):
        reasons(parser, b"x = [" + b"'def'," * 60_000 + b"]")
    assert reasons(parser, large) == alone


def test_a_file_that_takes_too_much_time_is_a_parse_limit() -> None:
    parser = Parser(Limits(), WorkerLimits(memory_bytes=4096 * MIB, cpu_s=1))
    try:
        assert_it_still_serves(parser)
        (found,) = parser.collect("m.py", b"def f(a): return a\n" + b"x=[1,2,3]\n" * 900_000)
        assert isinstance(found, TurnedDown)
        assert found.reason is Reason.PARSE_LIMIT
        assert "SIGXCPU" in found.detail
        assert_it_still_serves(parser)
    finally:
        parser.close()


def test_a_worker_that_was_killed_is_replaced(parser: Parser) -> None:
    assert_it_still_serves(parser)
    killed = worker_pid(parser)
    os.kill(killed, signal.SIGKILL)
    assert_it_still_serves(parser)
    assert worker_pid(parser) != killed


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("words", ["", "printf '\\0\\0\\0\\5ready'"])
def test_a_signal_from_outside_is_not_the_file_s_fault(
    parser: Parser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, words: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text(f"#!/bin/sh\n{words}\nkill -{name.removeprefix('SIG')} $$\n")
    victim.chmod(0o700)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(victim))
        with pytest.raises(Retry, match=f"killed.*{name}"):
            parser.collect("canary.py", CANARY)
    assert_it_still_serves(parser)


@pytest.mark.parametrize("words", ["no words", "\\0\\0\\0\\5hello", "\\377\\377\\377\\377"])
def test_a_worker_that_does_not_start_is_nobody_s_rejection(
    parser: Parser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str
) -> None:
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\nprintf '{words}'\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(Fatal, match="does not start"):
        parser.collect("canary.py", CANARY)


def test_a_worker_is_replaced_when_it_has_served_its_files() -> None:
    parser = Parser(Limits(), WorkerLimits(LIMITS.memory_bytes, LIMITS.cpu_s, files=2))
    try:
        pids = []
        for _ in range(4):
            assert_it_still_serves(parser)
            pids.append(worker_pid(parser))
        assert pids[0] == pids[1] != pids[2] == pids[3]
    finally:
        parser.close()


def test_a_worker_that_talks_nonsense_is_not_believed(
    parser: Parser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    liar = tmp_path / "liar"
    liar.write_text("#!/bin/sh\nprintf '\\0\\0\\0\\5ready\\377\\377\\377\\377'\ncat >/dev/null\n")
    liar.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(liar))
    assert reasons(parser, CANARY) == [Reason.PARSE_LIMIT]


def test_a_worker_ends_with_its_parent() -> None:
    program = """
        import time
        from c2c_stream.collect.parser import Parser, WorkerLimits
        from c2c_stream.collect.rules import Limits
        parser = Parser(Limits(), WorkerLimits(1 << 30, 20))
        parser.collect("m.py", b"def f(a): return a + 1")
        print(parser._worker._process.pid, flush=True)
        time.sleep(60)
        """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        ended, _, _ = select.select([worker], [], [], 10)
        assert ended
    finally:
        os.close(worker)
