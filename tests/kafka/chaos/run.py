"""One run of the chaos suite: make the cluster and the run, attack it, judge it, tell it."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import patiently
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.cli.progress import progress_of
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import REPOS, SERVICES
from tests.kafka import cluster
from tests.kafka.chaos.drive import Driver
from tests.kafka.chaos.feed import Feed
from tests.kafka.chaos.fleet import NAMES, Fleet
from tests.kafka.chaos.oracle import Verdict, judge
from tests.kafka.chaos.plan import plan_of
from tests.kafka.chaos.sources import FATES, REAL_FATES, write_sources
from tests.kafka.chaos.watch import Watch
from tests.processes import ROOT

RUN: Final = "chaos"
BROKERS: Final = 3
PARTITIONS: Final = 4
FAST: Final = "tests.kafka.chaos.serve"
REAL: Final = "c2c_stream.cli.serve"
# Small windows and commits, so that all stages are at work all the time and kills meet commits.
ENGINE: Final = {
    "flush_age_s": 0.1,
    "flush_records": 100,
    "window_records": 256,
    "hold_lag_records": 1000,
    "retry_base_s": 0.05,
}
PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a run of the suite is asked for."""

    kills: int
    broker_kills: int
    functions: int
    seed: int
    real: bool = False


@dataclass(slots=True)
class Report:
    """What a run of the suite found."""

    options: Options
    seconds: float
    verdict: Verdict
    kills: Counter[tuple[str, str]]
    moments: list[float]
    """Which share of the work was done at each kill."""
    evicted: int
    restarts: int
    gave_up: Counter[str]
    functions: int
    books: dict[str, Any]
    faults: list[str] = field(default_factory=list)


def attack(folder: Path, options: Options, say: Callable[[str], None]) -> Report:
    """Run the suite in a folder. Raises Stalled; what is wrong otherwise is in the report."""
    share = REAL_FATES if options.real else FATES
    expected = write_sources(folder / "sources", options.functions, options.seed, share)
    brokers = [f"broker-{number}" for number in range(BROKERS)]
    plan = plan_of(options.seed, options.kills, NAMES, brokers, options.broker_kills)
    began = time.monotonic()
    with cluster.running(folder / "kafka", BROKERS) as found:
        say(f"brokers {found.address}, logs in {folder}")
        settings = KafkaSettings(instance="chaos", partitions=PARTITIONS, replication=BROKERS)
        run = KafkaRun(Cluster(found.address, RUN, settings))
        run.create()
        feed = Feed(found.address, f"{RUN}.{REPOS.name}", expected.sources)
        fleet = Fleet(
            REAL if options.real else FAST, environment(folder, found.address, RUN), folder / "logs"
        )
        watch = Watch(Cluster(found.address, RUN, settings))
        driver = Driver(fleet, watch, found, feed, expected.work(), say)
        watch.start()
        fleet.start()
        try:
            driver.run(plan, lambda: is_over(run))
            fleet.stop()
        finally:
            fleet.kill()
            watch.stop()
        run.close()
        say("all work is done; reading everything back")
        verdict = judge(found.address, RUN, folder / "out", expected, feed.garbage)
        books, faults = _books(folder, found.address, verdict)
    return Report(
        options,
        time.monotonic() - began,
        verdict,
        driver.kills,
        driver.moments,
        driver.evicted,
        fleet.restarts,
        fleet.gave_up,
        len(expected.functions),
        books,
        [*fleet.wrong, *verdict.faults, *faults],
    )


def environment(folder: Path, address: str, run: str) -> dict[str, str]:
    """Return what the services of a run are told."""
    return {
        "C2C_BROKER": f"kafka://{address}",
        "C2C_RUN": run,
        "C2C_OUT": str(folder / "out"),
        "C2C_HTTP_PORT": "0",
        "C2C_ENGINE": json.dumps(ENGINE),
        "C2C_SINK": json.dumps({"shard_rows": 500}),
    }


def is_over(run: KafkaRun) -> bool:
    """Say whether nothing is left to do."""
    return patiently(lambda: progress_of(run), PATIENCE_S).finished(SERVICES[-1])


def _books(folder: Path, address: str, verdict: Verdict) -> tuple[dict[str, Any], list[str]]:
    """Return what `c2c status` says, and what is wrong with it."""
    command = [sys.executable, "-m", "c2c_stream.cli", "status", "--json"]
    done = subprocess.run(
        [*command, "--out", str(folder / "out")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=ROOT,
        env=os.environ | environment(folder, address, RUN),
    )
    if done.returncode not in {0, 6}:
        return {}, [f"c2c status ended with {done.returncode}: {done.stderr[-500:]}"]
    told = json.loads(done.stdout)
    faults = [*told["imbalances"]]
    counts = verdict.counts
    read = {
        "ingester": counts["repos"],
        "collector": counts["files"],
        "curator": counts["functions"],
        "writer": counts["candidates"],
        "executor": counts["inputs"],
        "formatter": counts["cases"],
        "sink": counts["samples"] + counts["rejections"] + counts["dead-letters"],
    }
    for stage, count in read.items():
        books = told["stages"][stage]
        if books["read"] != count or books["waiting"]:
            faults.append(f"books of {stage}: {books}, its topics hold {count} records")
    return told["stages"], faults
