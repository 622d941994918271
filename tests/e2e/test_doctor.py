"""`c2c doctor` says what a run would fail on, and what to do about it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.cli import doctor
from c2c_stream.settings import load_settings
from tests import interpreters
from tests.e2e.chain import c2c
from tests.sockets import free_ports
from tests.write.model.stub import MODEL, Stub, in_thread, saying

NAMES = ["python", "walls", "broker", "schemas", "model", "disk", "clock"]

# A process that may not ask the kernel about its clock.
FILTERED = """
import errno, pyseccomp
from c2c_stream.cli import doctor
from c2c_stream.settings import load_settings

calls = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
for call in ("adjtimex", "clock_adjtime"):
    calls.add_rule(pyseccomp.ERRNO(errno.EPERM), call)
calls.load()
print(doctor._clock(load_settings()).state)
"""


def findings(*options: str | Path, code: int = 0) -> dict[str, dict[str, Any]]:
    """Return what is found, by name; the exit code must be as said."""
    done = c2c("doctor", *options, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)}


def test_a_machine_that_runs_these_tests_is_fit(tmp_path: Path) -> None:
    found = findings("--out", tmp_path / "not" / "yet")
    assert list(found) == NAMES
    assert not [one for one in found.values() if one["state"] == "fail"]
    assert found["walls"]["found"].startswith("jail: user, mount, root")
    assert found["broker"]["found"] == f"a local log in {tmp_path}/not/yet/.c2c"
    assert list(tmp_path.iterdir()) == []
    page = c2c("doctor", "--out", tmp_path, columns=80).stdout
    assert max(map(len, page.splitlines())) <= 80
    assert page.startswith("ok    python")


def test_the_interpreter_of_jails_is_told(tmp_path: Path) -> None:
    other = interpreters.another(tmp_path)

    found = findings("--out", tmp_path, "--python", other.path)["python"]
    assert found["found"].endswith(f"; jails run {other.version}")
    wrong = findings("--out", tmp_path, "--python", tmp_path / "none", code=12)
    assert wrong["python"]["state"] == wrong["walls"]["state"] == "fail"
    assert "none' is neither" in wrong["python"]["found"]


def test_what_is_not_there_is_told_and_all_else_is_looked_at(tmp_path: Path) -> None:
    broker, server, registry = free_ports(3)
    found = findings(
        *("--out", tmp_path, "--broker", f"kafka://127.0.0.1:{broker}"),
        *("--server", f"http://127.0.0.1:{server}/v1", "--require-walls", "moat"),
        *("--schema-registry", f"http://127.0.0.1:{registry}"),
        code=12,
    )
    failed = {name: one["found"] for name, one in found.items() if one["state"] == "fail"}
    assert set(failed) == {"walls", "broker", "schemas", "model"}
    assert "moat" in failed["walls"]
    assert f"127.0.0.1:{broker}" in failed["broker"]
    assert f"127.0.0.1:{registry}" in failed["schemas"]
    assert f"127.0.0.1:{server}" in failed["model"]


def test_a_server_tells_its_model(tmp_path: Path) -> None:
    stub = Stub(saying("n=1\n"))
    with in_thread(stub):
        out = ("--out", tmp_path, "--server", stub.url)
        assert findings(*out)["model"]["found"] == f"{MODEL} at {stub.url}"
        wrong = findings(*out, "--model", "other", code=12)["model"]
    assert "has no model 'other'" in wrong["found"]


def test_a_clock_that_may_not_be_asked_is_not_called_synchronised() -> None:
    """Docker's filter of system calls, and ours for pods that run code, forbid the question."""
    asked = [sys.executable, "-c", FILTERED]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    assert done.stdout == "look\n"


@pytest.mark.parametrize("below", ["", "out"])
def test_a_file_is_no_folder_to_write_to(below: str, tmp_path: Path) -> None:
    there = tmp_path / "file"
    there.touch()
    settings = load_settings(out=there / below)
    for found in (doctor._broker(settings), doctor._disk(settings)):
        assert found.state == "fail"
        assert str(there) in found.found


def test_the_topics_of_a_run_are_looked_at(kafka: str, tmp_path: Path) -> None:
    broker = ("--broker", f"kafka://{kafka}")
    found = {}
    for run, made in {"none": (), "well": ("--run", "well"), "odd": ("--partitions", "2")}.items():
        if made:
            done = c2c("topics", "create", *broker, "--run", run, *made)
            assert done.returncode == 0, done.stderr
        code = 12 if run == "odd" else 0
        found[run] = findings("--out", tmp_path, *broker, "--run", run, code=code)["broker"]
    assert {run: one["state"] for run, one in found.items()} == {
        "none": "look",
        "well": "ok",
        "odd": "fail",
    }
    assert "partitions" in found["odd"]["found"]


def test_a_model_without_vllm_and_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "TOO_FEW_BYTES", 1 << 60)
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    monkeypatch.setattr(doctor, "REMOTE", (doctor._filesystem(tmp_path),))
    settings = load_settings(out=tmp_path, model={"name": "m"})
    found = {one.name: one for one in doctor.examined(settings)}
    assert [name for name in NAMES if found[name].state == "fail"] == ["broker", "model", "disk"]
    assert all(found[name].advice for name in ("broker", "model", "disk"))
