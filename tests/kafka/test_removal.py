"""Disk is given back: what all have read is trimmed, and a run that is over can be removed."""

import json
import shlex
from contextlib import closing
from pathlib import Path

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.protocol import Delivered, Position, Produced
from tests.e2e.chain import STDLIB, c2c, c2c_json, run_to_end
from tests.kafka.runs import Outside, fresh_run, seated


def starts(run: Outside, topic: str) -> list[int]:
    admin = run.cluster.admin(lambda _: None)
    found = kafka_topics.starts(run.cluster, admin, run.partitions(topic))
    return [found[at] for at in run.partitions(topic)]


def test_what_a_topics_consumer_has_committed_is_trimmed_and_nothing_else(kafka: str) -> None:
    run = Outside(fresh_run(kafka))
    for topic in ("files", "functions", "samples", "rejections", "dead-letters", "curator-state"):
        run.append(*(Produced(topic, b"k", b"%d" % n) for n in range(10)))
    with closing(seated(run.cluster, "collector")) as collector:
        collector.commit([], {("files", 0): Position(4, "m")}, {})
    with closing(seated(run.cluster, "sink")) as sink:
        sink.commit([], {("samples", 0): Position(3), ("dead-letters", 0): Position(5)}, {})
    with closing(KafkaRun(run.cluster)) as there:
        there.trim()
        there.trim()
    assert starts(run, "files") == [4]
    assert starts(run, "samples") == [3]
    for topic in ("functions", "rejections", "dead-letters", "curator-state"):
        assert starts(run, topic) == [0]
    with closing(seated(run.cluster, "collector")) as collector:
        found: list[Delivered] = []
        while not found:
            found += collector.poll(1, 0.1)
    assert found[0].value == b"4"


def test_a_run_trims_what_it_has_read_and_is_removed_when_told(kafka: str, tmp_path: Path) -> None:
    broker = ("--broker", f"kafka://{kafka}")
    run = run_to_end(STDLIB / "bisect.py", tmp_path / "out", *broker)
    assert run.code == 4, run.stdout + run.stderr  # no function of it becomes a row
    name = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["run"]
    does = shlex.join(["topics", "delete", *broker, "--run", name, "--execute"])
    assert f"stay until `c2c {does}`" in run.stdout
    held = c2c_json("topics", "describe", *broker, "--run", name)
    for topic in held:
        assert topic["start_offsets"] == topic["end_offsets"], topic
    assert sum(sum(topic["end_offsets"]) for topic in held) > 0
    assert {topic["retention_ms"] for topic in held if topic["cleanup"] == "delete"} == {-1}
    again = run_to_end(STDLIB / "bisect.py", tmp_path / "out", *broker)
    assert again.code == 4, again.stdout + again.stderr

    shown = c2c("topics", "delete", *broker, "--run", name)
    assert shown.returncode == 0
    assert f"would delete topic {name}.files\n" in shown.stdout
    assert f"would delete group {name}-collector\n" in shown.stdout
    assert c2c("topics", "describe", *broker, "--run", name).returncode == 0
    done = c2c("topics", "delete", *broker, "--run", name, "--execute")
    would = shown.stdout.replace("would delete", "deleted").splitlines()
    did = done.stdout.splitlines()
    # a broker forgets a group that committed nothing, once in ten minutes
    assert set(did) <= set(would)
    assert [line for line in would if line.startswith("deleted topic")] == did[: len(held)]
    assert f"deleted group {name}-collector" in did
    gone = c2c("topics", "delete", *broker, "--run", name, "--execute")
    assert (gone.returncode, gone.stdout) == (9, "")


def test_a_run_that_is_told_to_keep_trims_nothing(kafka: str, tmp_path: Path) -> None:
    broker = ("--broker", f"kafka://{kafka}")
    run = run_to_end(STDLIB / "bisect.py", tmp_path / "out", *broker, "--keep")
    assert run.code == 4, run.stdout + run.stderr
    name = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["run"]
    held = c2c_json("topics", "describe", *broker, "--run", name)
    assert {start for topic in held for start in topic["start_offsets"]} == {0}


def test_a_run_at_work_is_not_removed(kafka: str) -> None:
    run = Outside(fresh_run(kafka))
    where = ("--broker", f"kafka://{kafka}", "--run", run.cluster.run)
    with closing(seated(run.cluster, "collector")):
        refused = c2c("topics", "delete", *where, "--execute")
    assert refused.returncode == 2
    assert f"{run.cluster.run}-collector are at work: stop the run's services" in refused.stderr
    assert run.end("files") == 0
