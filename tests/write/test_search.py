import ast
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.code.literals import parse_arguments
from c2c_stream.write.child import main
from c2c_stream.write.search.loop import Found, search
from c2c_stream.write.search.run import LoadError

BUDGET = 30_000


def found_in(source: str, *, count: int = 10, seed: int = 1, budget: int = BUDGET) -> Found:
    source = textwrap.dedent(source)
    entry_point = next(
        n.name for n in ast.parse(source).body[::-1] if isinstance(n, ast.FunctionDef)
    )
    return search(source, entry_point, seed, count, budget)


def results_of(source: str, found: Found) -> list[object]:
    names: dict[str, Any] = {}
    exec(textwrap.dedent(source), names)  # noqa: S102  # our own programs
    function = [value for value in names.values() if callable(value)][-1]
    results: list[object] = []
    for text in found.inputs:
        args, kwargs = parse_arguments(text)
        try:
            results.append(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # raising inputs are inputs
            results.append(type(error))
    return results


# Each must be covered whole, and give at least three values of which two differ.
FUNCTIONS = {
    "numbers": """
        def clamp(value, low, high):
            if value < low:
                return low
            if value > high:
                return high
            return value
        """,
    "digits of a text": """
        def total(text):
            return sum(int(part) for part in text.split('-'))
        """,
    "a constant to be met": """
        def grade(code):
            if code == 'XK-71':
                return 1
            if code.endswith('.tar'):
                return 2
            return len(code)
        """,
    "a number to be met": """
        def shelf(number):
            if number == 90210:
                return 'a'
            if 4000 < number <= 4010:
                return 'b'
            return number % 7
        """,
    "a record": """
        def label(user):
            if user['age'] >= 18 and user.get('active'):
                return user['name'].upper()
            return user['name'][:2]
        """,
    "rows of rows": """
        def diagonal(matrix):
            return [row[i] for i, row in enumerate(matrix) if i < len(row)]
        """,
    "pairs": """
        def longest(pairs):
            best = 0
            for start, end in pairs:
                if end - start > best:
                    best = end - start
            return best
        """,
    "a mapping of lists": """
        def sizes(groups):
            return {name: len(members) + sum(members) for name, members in groups.items()}
        """,
    "arguments that must fit": """
        def position(words, word):
            return words.index(word) + len(word)
        """,
    "an exact length": """
        def middle(point):
            x, y, z = point
            return (x + y + z) / 3
        """,
    "a helper": """
        def half(n):
            return n // 2 if n % 2 == 0 else 3 * n + 1
        def path(n):
            steps = 0
            while n > 1 and steps < 20:
                n = half(n)
                steps += 1
            return steps
        """,
    "types that are asked for": """
        def kind(value):
            if isinstance(value, bool):
                return 'flag'
            if isinstance(value, (int, float)):
                return 'number'
            if isinstance(value, str):
                return 'text'
            if isinstance(value, (list, tuple)):
                return len(value)
            return None
        """,
    "bytes": """
        def header(data):
            if data[:2] == b'BM':
                return 'bitmap'
            return data.replace(b'a', b'b')
        """,
    "rest and names": """
        def joined(*parts, sep='-', **options):
            return sep.join(str(part) for part in parts) + str(sorted(options))
        """,
    "positions only": """
        def power(base, exponent, /, modulus=None):
            return pow(base, abs(exponent), modulus or None)
        """,
    "tokens of a line": """
        def size(line):
            name, count, unit = line.split(':')
            if int(count) > 40:
                return name.title()
            return unit + str(int(count) * 2)
        """,
    "records within records": """
        def titles(library):
            found = []
            for shelf in library['shelves']:
                for book in shelf['books']:
                    if book['year'] > 1950:
                        found.append(book['title'].upper())
            return found
        """,
    "handlers": """
        def ratio(a, b):
            try:
                return round(a / b, 2)
            except ZeroDivisionError:
                return 0
        """,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inputs_reach_all_of_a_function(name: str) -> None:
    found = found_in(FUNCTIONS[name])
    values = [r for r in results_of(FUNCTIONS[name], found) if not isinstance(r, type)]
    assert len(values) >= 3
    assert len({repr(value) for value in values}) >= 2
    assert found.covered == found.edges


def test_what_is_asked_for_is_not_exceeded() -> None:
    found = found_in(FUNCTIONS["numbers"], count=5)
    assert len(found.inputs) == len(set(found.inputs)) == 5


def test_examples_of_the_docstring_are_tried() -> None:
    found = found_in("""
        def tower(code):
            '''
            >>> tower('zq-1984-qz')
            1
            '''
            return 1 if hash_of(code) == 4 else 0
        def hash_of(code):
            return 4 if code == 'zq' + '-1984-' + 'qz' else 0
        def entry(code):
            '''
            >>> entry('zq-1984-qz')
            1
            '''
            return tower(code)
        """)
    assert "code='zq-1984-qz'" in found.inputs


def test_at_most_two_inputs_raise() -> None:
    source = """
        def strict(n):
            if n < 0:
                raise ValueError
            if n == 3:
                raise KeyError
            if n == 5:
                raise IndexError
            if n == 7:
                raise TypeError
            return n
        """
    raised = [r for r in results_of(source, found_in(source)) if isinstance(r, type)]
    assert 1 <= len(raised) <= 2


def test_where_nothing_works_there_are_no_inputs() -> None:
    found = found_in("def lost(x):\n    return undefined(x)")
    assert found.inputs == ()
    assert found.iterations < 100


def test_a_loop_without_end_does_not_hold_the_search() -> None:
    found = found_in("""
        def stuck(n):
            while True:
                try:
                    n += 1
                except BaseException:
                    pass
        """)
    assert found.inputs == ()
    assert found.iterations < 100


def test_calls_that_depend_on_the_calls_before_are_left_out() -> None:
    found = found_in("""
        last = 0
        def follow(n):
            global last
            if n > 5:
                last = n
            if n < -5:
                return last
            return n
        """)
    numbers = [parse_arguments(text)[1]["n"] for text in found.inputs]
    assert len(numbers) >= 3
    assert all(isinstance(n, int | float) and n >= -5 for n in numbers)


@pytest.mark.parametrize(
    "source", ["def f(:", "x = 1", "def f(n): return n\nimport nowhere_at_all", "1 / 0"]
)
def test_a_bundle_that_does_not_load_says_so(source: str) -> None:
    with pytest.raises(LoadError, match=r"Syntax|no function|nowhere_at_all|no function"):
        search(source, "f", 1, 10, BUDGET)


def test_a_module_that_never_ends_does_not_load() -> None:
    with pytest.raises(LoadError, match="StepLimit"):
        search("def f(n): return n\nwhile True: pass", "f", 1, 10, BUDGET)


def test_the_budget_ends_a_search() -> None:
    hard = "def f(n):\n    if n * n - 7 == 15122 ** 2:\n        return 0\n    return n"
    small, large = found_in(hard, budget=4000), found_in(hard, budget=20_000)
    assert 4000 <= small.steps < 10_000
    assert small.iterations < large.iterations


def ask(source: str, *, seed: int = 7) -> dict[str, Any]:
    frames: list[str] = []
    request = {"code": source, "entry_point": "f", "seed": seed, "inputs": 20, "steps": BUDGET}
    main(request, frames.append)
    answer: dict[str, Any] = json.loads(frames[0])
    return answer


def test_what_the_guest_prints_goes_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask("def f(n):\n    print(n)\n    return n")
    assert len(answer["inputs"]) == 20
    assert capsys.readouterr() == ("", "")


def test_load_errors_are_told() -> None:
    assert ask("def f(") == {"load_error": "SyntaxError: '(' was never closed (<unknown>, line 1)"}


def test_another_seed_writes_other_inputs() -> None:
    source = "def f(n, text):\n    return n * text"
    assert ask(source) == ask(source)
    assert ask(source)["inputs"] != ask(source, seed=8)["inputs"]


ALL = textwrap.dedent(
    """
    import json, sys
    from c2c_stream.write.child import main
    for entry_point, code in json.load(sys.stdin):
        request = {"code": code, "entry_point": entry_point, "seed": 3, "inputs": 20}
        main({**request, "steps": 20000}, print)
    """
)


def test_the_hash_seed_changes_nothing() -> None:
    programs = [(_entry(code), textwrap.dedent(code)) for code in FUNCTIONS.values()]
    texts = {
        subprocess.run(
            [sys.executable, "-c", ALL],
            input=json.dumps(programs),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "99")
    }
    assert len(texts) == 1
    assert len(texts.pop().splitlines()) == len(programs)


def _entry(code: str) -> str:
    tree = ast.parse(textwrap.dedent(code))
    return next(n.name for n in tree.body[::-1] if isinstance(n, ast.FunctionDef))


def test_children_import_the_standard_library_only() -> None:
    script = (
        "import sys, c2c_stream.write.child as child;"
        "ours = {name.split('.')[0] for name in set(sys.modules) - known};"
        "print(sorted(ours - set(sys.stdlib_module_names)))"
    )
    shown = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; known = set(sys.modules); {script}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert shown.stdout.strip() == "['c2c_stream']"
