"""The collector on real code: a part of the running interpreter's standard library."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from c2c_stream.code.normalise import function_id
from c2c_stream.collect.rules import Collected, Limits, TurnedDown, collect

FOLDER = Path(sysconfig.get_path("stdlib"))
# Each bundle runs at its module level with nothing but itself, as a module that can be found.
RUN_ALL = """
import json, sys, types
failed = []
for entry, code in json.load(sys.stdin):
    module = sys.modules["bundle"] = types.ModuleType("bundle")
    try:
        exec(compile(code, "<bundle>", "exec", dont_inherit=True), vars(module))
        assert callable(getattr(module, entry))
    except BaseException as error:
        failed.append((entry, repr(error)))
json.dump(failed, sys.stdout)
"""


@pytest.fixture(scope="module")
def collected() -> list[Collected]:
    found = []
    for path in sorted((*FOLDER.glob("*.py"), *FOLDER.glob("email/*.py"), *FOLDER.glob("re/*.py"))):
        name = str(path.relative_to(FOLDER))
        judgements = collect(path.read_bytes(), name, Limits())
        found += [each for each in judgements if isinstance(each, Collected)]
    return found


def test_every_bundle_runs_alone_in_a_fresh_interpreter(collected: list[Collected]) -> None:
    bundles = json.dumps([(each.qualified_name, each.code) for each in collected])
    command = [sys.executable, "-I", "-W", "ignore", "-c", RUN_ALL]
    done = subprocess.run(
        command, input=bundles, capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout) == []
    assert len(collected) > 300


def test_function_id_is_that_of_the_text(collected: list[Collected]) -> None:
    assert all(
        each.function_id == function_id(each.qualified_name, each.code) for each in collected
    )


def test_a_bundle_collected_again_is_the_same_function(collected: list[Collected]) -> None:
    for each in collected[:150]:
        again = collect(each.code.encode(), "bundle.py", Limits())
        (same,) = (found for found in again if found.qualified_name == each.qualified_name)
        assert isinstance(same, Collected), same
        assert (same.function_id, same.code) == (each.function_id, each.code)


def test_the_same_file_is_judged_the_same_twice() -> None:
    content = (FOLDER / "statistics.py").read_bytes()
    once, twice = (collect(content, "statistics.py", Limits()) for _ in range(2))
    assert once == twice
    assert any(isinstance(each, TurnedDown) for each in once)
    assert "median" in {each.qualified_name for each in once if isinstance(each, Collected)}
