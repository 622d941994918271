"""Every metric: name, unit, labels, help; nowhere else.

Names follow the Prometheus conventions: prefix c2c_, base units, _total for counters. A counter is
raised after the commit that it counts. Labels are bounded: stages, closed lists of reasons.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

# When a series began is known to Prometheus, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]

ACTIVITIES = (
    "poll",
    "decode",
    "submit",
    "wait",
    "encode",
    "settle",
    "commit",
    "observe",
    "backpressure",
)
MODEL_OUTCOMES = (
    "answered",
    "remembered",
    "pushed_back",
    "broken_off",
    "Unavailable",
    "Retry",
    "Poison",
    "SettingsError",
)
BOOK_COLUMNS = ("read", "processed", "dead", "found", "out", "rejected")
TOKEN_KINDS = ("in", "out", "cached")

BUILD = Info("c2c_build", "Version of the package, and the stage that this process runs.")
RECORDS = Counter(
    "c2c_records", "Records consumed and committed.", ["stage", "outcome"]
)  # processed, dead
ITEMS = Counter(
    "c2c_items", "Items that the consumed records held.", ["stage", "outcome"]
)  # out, rejected
REJECTIONS = Counter("c2c_rejections", "Items that a rule turned down.", ["stage", "reason"])
DEAD_LETTERS = Counter("c2c_dead_letters", "Records that failed for good.", ["stage", "error"])
AUDITED_DEAD = Counter(
    "c2c_audited_dead_letters",
    "Dead letters that the sink stored, by the stage that failed: also of one that ended at once.",
    ["stage"],
)
RETRIES = Counter("c2c_retries", "Attempts that failed and are made again.", ["stage", "error"])
COMMIT_SECONDS = Histogram("c2c_commit_seconds", "Time that a commit takes.", ["stage"])
WORK_SECONDS = Histogram(
    "c2c_work_seconds",
    "Time from handing a record to the stage until its result.",
    ["stage"],
    buckets=(0.001, 0.0025, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10, 25, 100, 250),
)
SPANS = Counter(
    "c2c_spans", "Spans of traces by whether the collector took them.", ["stage", "outcome"]
)  # sent, failed
COMMITTED_BYTES = Counter("c2c_committed_bytes", "Bytes of records produced.", ["stage"])
LAG = Gauge(
    "c2c_consumer_lag_records", "Records written and not yet committed.", ["stage", "topic"]
)
AGE = Gauge(
    "c2c_oldest_unprocessed_age_seconds", "Age of the oldest uncommitted record.", ["stage"]
)
WINDOW = Gauge("c2c_window_records", "Records delivered and uncommitted.", ["stage"])
READY = Gauge("c2c_ready", "1 while the service takes records, 0 while it cannot.", ["stage"])
BACKPRESSURE = Gauge(
    "c2c_backpressure", "1 while intake is held because a later stage lags.", ["stage"]
)
HELD_PARTITIONS = Gauge(
    "c2c_held_partitions", "Partitions held at a record that cannot be read yet.", ["stage"]
)
WHOLE_READS = Counter(
    "c2c_whole_reads", "Moves of which all was read, for want of the commit before them.", ["stage"]
)
POLLS = Counter(
    "c2c_polls",
    "Times that a followed repository was asked for its branches.",
    ["stage", "outcome"],
)  # answered, failed
PUSHES = Counter("c2c_pushes", "Webhooks' deliveries by what became of them.", ["stage", "outcome"])
PUSH_OUTCOMES = ("taken", "repeated", "unfollowed", "malformed", "refused")
MOVES = Counter("c2c_moves", "Moves of followed branches that were put on `repos`.", ["stage"])
SILENCE = Gauge(
    "c2c_longest_silence_seconds",
    "Seconds since the repository that has given no answer for longest was asked.",
    ["stage"],
)
MODEL_REQUESTS = Counter(
    "c2c_model_requests", "Requests to the model by how they ended.", ["outcome"]
)
MODEL_REQUEST_SECONDS = Histogram(
    "c2c_model_request_seconds",
    "Time from a request to the model to its answer.",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250),
)
MODEL_TOKENS = Counter(
    "c2c_model_tokens", "Tokens by kind: in (cached among them), out, cached.", ["kind"]
)
MODEL_IN_FLIGHT = Gauge(
    "c2c_model_in_flight_requests", "Requests to the model that are on their way."
)
MODEL_LIMIT = Gauge("c2c_model_limit_requests", "Most requests that the flow allows at once now.")
WRITTEN = Counter(
    "c2c_written_functions",
    "Functions by route and by why a model was asked; before the commit, so one may count again.",
    ["route", "why"],
)
BOOKS = Gauge(
    "c2c_books_records",
    "Committed books of the partitions that the process owns; exact after a crash.",
    ["stage", "column"],
)
BREAKER = Gauge(
    "c2c_breaker_fill_ratio", "How near dead letters are to stopping it, from 0 to 1.", ["stage"]
)
DISK_FREE = Gauge("c2c_disk_free_bytes", "Free bytes of the disk that `out` is on.", ["stage"])
DISK_SIZE = Gauge("c2c_disk_size_bytes", "Bytes of the disk that `out` is on.", ["stage"])
THREAD_SECONDS = Counter(
    "c2c_thread_seconds", "Time of the broker thread by activity.", ["stage", "activity"]
)
WALL = Gauge(
    "c2c_sandbox_wall",
    "1 where a wall of the sandbox stands, 0 where it is missing.",
    ["stage", "wall"],
)


def initialise(stage: str, version: str) -> None:
    """Give every series of bounded labels its zero, so that a rate is never missing.

    Not the books: until the broker has told them they are unknown, and a zero would be a lie.
    """
    BUILD.info({"version": version, "stage": stage})
    for outcome in ("processed", "dead"):
        RECORDS.labels(stage, outcome)
    for outcome in ("out", "rejected"):
        ITEMS.labels(stage, outcome)
    for activity in ACTIVITIES:
        THREAD_SECONDS.labels(stage, activity)
    for outcome in ("sent", "failed"):
        SPANS.labels(stage, outcome)
    for metric in (
        COMMIT_SECONDS,
        WORK_SECONDS,
        COMMITTED_BYTES,
        AGE,
        WINDOW,
        BACKPRESSURE,
        BREAKER,
    ):
        metric.labels(stage)
    HELD_PARTITIONS.labels(stage).set(0)
    if stage == "writer":
        for outcome in MODEL_OUTCOMES:
            MODEL_REQUESTS.labels(outcome)
        for kind in TOKEN_KINDS:
            MODEL_TOKENS.labels(kind)


def watch_readiness(stage: str, ready: Callable[[], bool]) -> None:
    """Look whether the service is ready whenever somebody asks: whatever its thread waits for."""
    READY.labels(stage).set_function(ready)


def watch_disk(stage: str, out: Path) -> None:
    """Look at the disk of `out` whenever somebody asks for the metrics."""

    def looked(name: str) -> float:
        there = next(path for path in (out, *out.absolute().parents) if path.exists())
        return float(getattr(shutil.disk_usage(there), name))

    DISK_FREE.labels(stage).set_function(lambda: looked("free"))
    DISK_SIZE.labels(stage).set_function(lambda: looked("total"))


def initialise_follower(version: str) -> None:
    """Give every series of `c2c follow` its zero."""
    BUILD.info({"version": version, "stage": "follower"})
    for outcome in ("answered", "failed"):
        POLLS.labels("follower", outcome)
    for outcome in PUSH_OUTCOMES:
        PUSHES.labels("follower", outcome)
    for metric in (MOVES, SILENCE):
        metric.labels("follower")
