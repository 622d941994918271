"""Services started one by one, as a cluster starts them, and what they show of themselves."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from c2c_stream.topics import SERVICES
from tests.e2e.chain import c2c, c2c_json, rows_of

PATIENCE_S = 60
CODE = """
def initials(words):
    return [word[0].upper() for word in words if word]


def clamp(value, low, high):
    return max(low, min(value, high))
"""


@contextmanager
def serving(stage: str, out: Path) -> Iterator[int]:
    """Run one service; give the port of its pages; it must leave cleanly on SIGTERM."""
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", stage, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr
        try:
            yield json.loads(process.stderr.readline())["port"]
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            assert process.wait(PATIENCE_S) == 0, rest


def page(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(port: int) -> dict[str, float]:
    """Return the metrics as name{labels} -> value."""
    _, text = page(port, "/metrics")
    return {
        f"{s.name}{{{','.join(sorted(s.labels.values()))}}}": s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def await_value(port: int, name: str, value: float) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if samples(port).get(name) == value:
            return
        time.sleep(0.05)
    pytest.fail(f"{name} is {samples(port).get(name)}, not {value}")


def test_services_started_one_by_one_make_a_dataset_and_show_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "code.py").write_text(CODE)
    fed = c2c("ingest", tmp_path / "code.py", "--out", out)
    assert fed.returncode == 0, fed.stderr

    with ExitStack() as stack:
        ports = {stage: stack.enter_context(serving(stage, out)) for stage in SERVICES}
        await_value(ports["sink"], "c2c_records_total{processed,sink}", 2)
        shown = {stage: samples(port) for stage, port in ports.items()}
        ready = {stage: page(port, "/readyz") for stage, port in ports.items()}
        live = {stage: page(port, "/livez")[0] for stage, port in ports.items()}

    assert set(ready.values()) == {(200, "ok\n")}
    assert set(live.values()) == {200}
    assert shown["ingester"]["c2c_items_total{ingester,out}"] == 1
    assert shown["collector"]["c2c_items_total{collector,out}"] == 2
    assert shown["executor"]["c2c_records_total{executor,processed}"] == 2
    assert shown["collector"]["c2c_books_records{collector,found}"] == 2
    assert shown["collector"]["c2c_books_records{collector,out}"] == 2
    for stage in SERVICES:
        labels = ",".join(sorted(["dead", stage]))
        assert shown[stage][f"c2c_records_total{{{labels}}}"] == 0
        assert shown[stage][f"c2c_ready{{{stage}}}"] == 1
        assert shown[stage][f"c2c_breaker_fill_ratio{{{stage}}}"] == 0
        free, size = (shown[stage][f"c2c_disk_{n}_bytes{{{stage}}}"] for n in ("free", "size"))
        assert 0 < free < size
        assert any(name.startswith("c2c_build_info") for name in shown[stage])
        assert any(name.startswith("c2c_consumer_lag_records") for name in shown[stage])
        assert f"c2c_oldest_unprocessed_age_seconds{{{stage}}}" in shown[stage]
    assert sorted(row["entry_point"] for row in rows_of(out)) == ["clamp", "initials"]
    assert c2c_json("status", "--out", out)["imbalances"] == []
