"""The executor on a real Kafka: one process on one core against two processes on two.

    python -m benchmarks.kafka_scale [--functions N] [--rounds N] [--nice N]

Each process has one jail and is pinned to a core of its own, jail included. Both ways read the same
topic, which is filled before, and take turns. Two processes share its partitions; counted is what
they commit while both work. The brokers run on the same cores: with --nice they yield. CPU time a
function stands beside the rates, for it does not depend on what else the machine does: what a
function costs with two processes must be what it costs with one.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
from typing import Any

from benchmarks.executor import ordinary
from benchmarks.kafka_rounds import (
    Round,
    cluster_node,
    cpu_seconds,
    fill,
    make_topics,
    node_pid,
    round_of,
    serve,
)
from c2c_stream.engine.workers import AsyncWorker
from c2c_stream.execute.stage import Executor
from c2c_stream.settings import EngineSettings, ExecuteSettings, SandboxSettings

PARTITIONS = 8
# Nothing has come for so long: it was all.
IDLE_S = 10.0
SERVICE = "executor"
NAMES = ("one", "two")


def executed(cluster: Round, core: int) -> dict[str, Any]:
    """Execute on one core until nothing more comes."""
    os.sched_setaffinity(0, {core})
    stage = Executor(ExecuteSettings(jobs=1), SandboxSettings(), 1)
    result = serve(
        cluster,
        SERVICE,
        lambda _: AsyncWorker(stage, 300.0),
        EngineSettings(hold_lag_records=10**9),
        count=10**9,
        stopping=lambda meter: meter.idle(IDLE_S),
    )
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return result | {"cpu_s": sum(one.ru_utime + one.ru_stime for one in used)}


def at_once(cluster: Round, processes: int) -> dict[str, float]:
    """Let so many processes, each on its core, execute all; return what is printed."""
    kafka_s = cpu_seconds(node_pid())
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        work = [(cluster.other(NAMES[n]), n) for n in range(processes)]
        found = pool.starmap(executed, work, chunksize=1)
    kafka_s = cpu_seconds(node_pid()) - kafka_s
    lines = [one["timeline"] for one in found]
    begin, end = max(line[0][0] for line in lines), min(line[-1][0] for line in lines)
    if begin >= end:
        raise SystemExit("one process was done before the other had begun: try more --functions")
    done = sum(_records_at(line, end) - _records_at(line, begin) for line in lines)
    records = sum(one["records"] for one in found)
    return {
        "rate": done / (end - begin),
        "cpu_ms": 1e3 * sum(one["cpu_s"] for one in found) / records,
        "kafka_ms": 1e3 * kafka_s / records,
        "least": min(one["records"] for one in found) / records,
        "load": os.getloadavg()[0],
    }


def _records_at(line: list[tuple[float, int]], at: float) -> int:
    return max(records for then, records in line if then <= at)


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nice", type=int, default=0, help="of the brokers")
    options = parser.parse_args()
    ways: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    with cluster_node() as servers:
        os.setpriority(os.PRIO_PROCESS, node_pid(), options.nice)
        first = round_of(servers, "scale", "fill", PARTITIONS)
        make_topics(first)
        fill(first, ordinary(options.functions))
        for number in range(options.rounds):
            for processes, rounds in ways.items():
                name = f"{processes}-{number}"
                rounds.append(at_once(round_of(servers, "scale", name, PARTITIONS), processes))
    _print(ways)


def _print(ways: dict[int, list[dict[str, float]]]) -> None:
    rates = {}
    for processes, rounds in ways.items():
        middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        rates[processes] = middle["rate"]
        print(
            f"{processes} processes on {processes} cores: {middle['rate']:>7.1f} functions/s,"
            f" CPU {middle['cpu_ms']:.2f} ms a function, Kafka {middle['kafka_ms']:.2f} ms;"
            f" the smaller share {middle['least']:.2f}, load of the machine {middle['load']:.1f}"
        )
    print(f"ratio {rates[2] / rates[1]:.2f}")


if __name__ == "__main__":
    main()
