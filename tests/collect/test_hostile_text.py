"""Whatever the text is, it is judged: the collector has no exception of its own to show."""

import sysconfig
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_stream.collect.rules import Collected, Limits, collect

SOURCE = Path(sysconfig.get_path("stdlib"), "statistics.py").read_bytes()
LINES = SOURCE.splitlines(keepends=True)
SNIPPETS = [
    "def {n}(a, b={m}): return a + {m}",
    "def {n}(a):\n    global {m}\n    {m} = a\n    return {m}",
    "@{m}\ndef {n}(a, *, {m}): return [{m} for {m} in a if ({n} := {m})]",
    "class {n}({m}):\n    {m} = {m}\n    def {n}(self): return {m}",
    "{n}, *{m} = {m}, {n}",
    "{n} += {m}",
    "{n}: {m}",
    "{n}: {m} = {n}",
    "del {n}, {m}[0]",
    "from {n} import {m} as {n}",
    "from . import {n}",
    "from math import *",
    "import {n}.{m}",
    "for {n} in {m}: {m}[{n}] = {n}",
    "while {n}:\n    {m} = 1",
    "with {n} as {m}:\n    def {n}({m}): return {m}()",
    "try:\n    {n} = 1\nexcept {m} as {n}: pass\nelse:\n    del {m}",
    "try:\n    import {n}\nfinally:\n    pass",
    "if {n}:\n    import {m}\nelse:\n    def {n}({m}): return {m}.x",
    "match {n}:\n    case {{'a': {m}, **{n}}} | [{m}, *{n}]: pass",
    "{n}({m})",
    "{n}.{m}({m}); {m} = {n}",
    "lambda {n}: ({m} := {n})",
    "from __future__ import annotations",
]
names = st.sampled_from(["a", "b", "c", "len", "self", "annotations", "__name__"])
statements = st.builds(
    lambda text, n, m: text.format(n=n, m=m), st.sampled_from(SNIPPETS), names, names
)


@given(st.lists(statements, max_size=12).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_any_mix_of_statements_is_judged_the_same_twice(source: str) -> None:
    content = source.encode()
    judgements = collect(content, "a/b.py", Limits())
    assert collect(content, "a/b.py", Limits()) == judgements
    for each in judgements:
        if isinstance(each, Collected):
            compile(each.code, "<bundle>", "exec", dont_inherit=True)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_judged(content: bytes) -> None:
    collect(content, "a.py", Limits())


@given(st.integers(0, len(LINES)), st.integers(0, 40), st.binary(max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_file_with_a_hole_in_it_is_judged(start: int, length: int, patch: bytes) -> None:
    collect(b"".join([*LINES[:start], patch, *LINES[start + length :]]), "a.py", Limits())
