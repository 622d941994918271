"""What each dashboard shows: its panels and their queries, no more. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from c2c_stream.broker.known import FOLLOWER
from c2c_stream.topics import REJECTIONS, SERVICES

Kind = Literal["lines", "stack", "number", "bars"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query of Prometheus and how its series are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture. `width` is of 24."""

    title: str
    queries: tuple[Query, ...]
    kind: Kind = "lines"
    unit: str = "short"
    width: int = 8
    about: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: rows of panels under a title each."""

    uid: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def one(title: str, expr: str, legend: str = "", **more: Any) -> Panel:
    """Return a panel of one query."""
    return Panel(title, (Query(expr, legend),), **more)


_RATE: Final = "[$__rate_interval]"
_BYTES: Final = "bytes"
_SECONDS: Final = "s"
_SHARE: Final = "percentunit"


def boards() -> Iterator[Board]:
    """Yield every dashboard."""
    yield _overview()
    for service in SERVICES:
        yield _stage(service)
    yield _kafka()
    yield _vllm()


def _overview() -> Board:
    funnel = one(
        "Funnel: items that each stage put out, ever",
        'stage:c2c_books_records:sum{column="out"}',
        "{{stage}}",
        kind="bars",
        width=12,
        about="Committed books, exact after a crash. What a stage turned down is on its own page.",
    )
    through = one(
        "Items put out each second",
        "stage:c2c_items_out:rate5m",
        "{{stage}}",
        unit="ops",
        width=12,
    )
    tokens = one(
        "Tokens a model wrote for each sample",
        "c2c:model_tokens_out_per_sample:rate1h >= 0 or on () vector(0)",
        "tokens",
        kind="number",
        width=6,
    )
    cpu = one(
        "Thread seconds at work for each sample",
        'sum(rate(c2c_thread_seconds_total{activity!~"poll|wait|backpressure"}[1h]))'
        ' / (sum(rate(c2c_items_total{stage="formatter", outcome="out"}[1h])) > 0)',
        "seconds",
        kind="number",
        unit=_SECONDS,
        width=6,
    )
    samples = one(
        "Samples",
        'sum(c2c_books_records{stage="formatter", column="out"})',
        kind="number",
        width=6,
    )
    dead = one(
        "Dead letters, ever", 'sum(c2c_books_records{column="dead"})', kind="number", width=6
    )
    balance = Panel(
        "Books: what is not accounted for (0 is right)",
        (
            Query(
                'sum by (stage) (c2c_books_records{column="read"})'
                ' - sum by (stage) (c2c_books_records{column=~"processed|dead"})',
                "{{stage}} records",
            ),
            Query(
                'sum by (stage) (c2c_books_records{column="found"})'
                ' - sum by (stage) (c2c_books_records{column=~"out|rejected"})',
                "{{stage}} items",
            ),
        ),
        width=12,
    )
    ready = one("Ready pods", "sum by (stage) (c2c_ready)", "{{stage}}", width=12)
    return Board(
        "c2c-overview",
        "c2c-stream: overview",
        (
            ("The flow", (funnel, through)),
            ("What a sample costs", (samples, tokens, cpu, dead)),
            ("Where it stands", (balance, ready, *_waiting("", width=12))),
        ),
    )


def _waiting(stage: str, width: int) -> tuple[Panel, ...]:
    chosen = f'{{stage="{stage}"}}' if stage else ""
    return (
        one(
            "Records that wait",
            f"sum by (stage, topic) (c2c_consumer_lag_records{chosen})",
            "{{stage}} {{topic}}",
            width=width,
        ),
        one(
            "Age of the oldest record at work",
            f"max by (stage) (c2c_oldest_unprocessed_age_seconds{chosen})",
            "{{stage}}",
            unit=_SECONDS,
            width=width,
        ),
    )


def _stage(stage: str) -> Board:
    s = f'stage="{stage}"'
    outcomes = one(
        "Items each second",
        f"sum by (outcome) (rate(c2c_items_total{{{s}}}{_RATE}))",
        "{{outcome}}",
        unit="ops",
    )
    records = one(
        "Records each second",
        f"sum by (outcome) (rate(c2c_records_total{{{s}}}{_RATE}))",
        "{{outcome}}",
        unit="ops",
    )
    produced = one(
        "Bytes written each second",
        f"sum(rate(c2c_committed_bytes_total{{{s}}}{_RATE}))",
        "bytes",
        unit="Bps",
    )
    turned_down = one(
        "Turned down, by reason",
        f"topk(12, sum by (reason) (increase(c2c_rejections_total{{{s}}}[1h]))) or on () vector(0)",
        "{{reason}}",
        kind="bars",
        width=12,
    )
    failed = Panel(
        "Failed: dead letters by error, attempts made again",
        (
            Query(
                f"sum by (error) (increase(c2c_dead_letters_total{{{s}}}[1h])) or on () vector(0)",
                "dead {{error}}",
            ),
            Query(
                f"sum by (error) (increase(c2c_retries_total{{{s}}}[1h])) or on () vector(0)",
                "again {{error}}",
            ),
        ),
        width=12,
    )
    work = Panel(
        "Time of a record in the stage",
        _quantiles("c2c_work_seconds", s),
        unit=_SECONDS,
        about="With traces on, a point leads to the trace of a record (exemplars).",
    )
    commits = Panel("Time of a commit", _quantiles("c2c_commit_seconds", s), unit=_SECONDS)
    spans = one(
        "Spans of traces",
        f"sum by (outcome) (rate(c2c_spans_total{{{s}}}{_RATE}))",
        "{{outcome}}",
        unit="ops",
    )
    activity = one(
        "Where the broker thread's time goes",
        f"sum by (activity) (rate(c2c_thread_seconds_total{{{s}}}{_RATE}))",
        "{{activity}}",
        kind="stack",
        unit=_SHARE,
    )
    holding = Panel(
        "Window, holding, breaker",
        (
            Query(f"sum(c2c_window_records{{{s}}})", "records at work"),
            Query(f"max(c2c_backpressure{{{s}}})", "held by a later stage"),
            Query(f"max(c2c_held_partitions{{{s}}})", "partitions held"),
            Query(f"max(c2c_breaker_fill_ratio{{{s}}})", "breaker"),
        ),
    )
    disk = Panel(
        "Disk",
        (
            Query(f"min(c2c_disk_free_bytes{{{s}}})", "free"),
            Query(f"min(c2c_disk_size_bytes{{{s}}})", "all"),
        ),
        unit=_BYTES,
    )
    versions = one("Versions", f"count by (version) (c2c_build_info{{{s}}})", "{{version}}")
    return Board(
        f"c2c-{stage}",
        f"c2c-stream: {stage}",
        (
            ("What it does", (records, outcomes, produced)),
            ("What it drops", (turned_down, failed)),
            ("How it goes", (*_waiting(stage, width=8), work, commits, activity, holding, disk)),
            *_own(stage),
            ("Versions and traces", (versions, spans)),
        ),
    )


def _quantiles(histogram: str, labels: str) -> tuple[Query, ...]:
    """Return the median and the 99th percentile of a histogram."""
    rate = f"sum by (le) (rate({histogram}_bucket{{{labels}}}{_RATE}))"
    quantiles = (0.5, 0.99)
    return tuple(Query(f"histogram_quantile({q}, {rate})", f"p{100 * q:.0f}") for q in quantiles)


def _own(stage: str) -> Iterator[tuple[str, tuple[Panel, ...]]]:
    if stage == "ingester":
        yield ("Following", tuple(_following()))
    if stage == "writer":
        yield ("The model", tuple(_model()))
    if stage in ("writer", "executor"):
        walls = one(
            "Walls that stand",
            f'min by (wall) (c2c_sandbox_wall{{stage="{stage}"}})',
            "{{wall}}",
            width=24,
        )
        yield ("The sandbox", (walls,))


def _following() -> Iterator[Panel]:
    yield one(
        "Repositories asked",
        f'sum by (outcome) (rate(c2c_polls_total{{stage="{FOLLOWER}"}}{_RATE}))',
        "{{outcome}}",
        unit="ops",
        width=6,
    )
    yield one(
        "Pushes that webhooks told of",
        f'sum by (outcome) (rate(c2c_pushes_total{{stage="{FOLLOWER}"}}{_RATE}))',
        "{{outcome}}",
        unit="ops",
        width=6,
    )
    yield one("Moves of branches", f"sum(rate(c2c_moves_total{_RATE}))", "moves", width=6)
    yield one(
        "Longest silence of a repository",
        "max(c2c_longest_silence_seconds)",
        "seconds",
        unit=_SECONDS,
        width=6,
    )
    yield one(
        "Read whole for want of a commit",
        "sum(increase(c2c_whole_reads_total[1h])) or on () vector(0)",
        "repositories",
        width=6,
    )


def _model() -> Iterator[Panel]:
    yield one(
        "Functions by route",
        f"sum by (route) (rate(c2c_written_functions_total{_RATE}))",
        "{{route}}",
        unit="ops",
    )
    yield one(
        "Requests",
        f"sum by (outcome) (rate(c2c_model_requests_total{_RATE}))",
        "{{outcome}}",
        unit="ops",
    )
    yield one(
        "Tokens", f"sum by (kind) (rate(c2c_model_tokens_total{_RATE}))", "{{kind}}", unit="ops"
    )
    yield Panel(
        "Time of an answer",
        tuple(
            Query(
                f"histogram_quantile({q},"
                f" sum by (le) (rate(c2c_model_request_seconds_bucket{_RATE})))",
                f"p{100 * q:.0f}",
            )
            for q in (0.5, 0.99)
        ),
        unit=_SECONDS,
        width=12,
    )
    yield Panel(
        "Requests under way, and allowed",
        (
            Query("sum(c2c_model_in_flight_requests)", "under way"),
            Query("sum(c2c_model_limit_requests)", "allowed"),
        ),
        width=12,
    )


def _kafka() -> Board:
    waiting, age = _waiting("", width=12)
    rejections = one(
        "Audit records that wait for the sink",
        f'sum(c2c_consumer_lag_records{{stage="sink", topic="{REJECTIONS.name}"}})',
        "{{topic}}",
        width=12,
    )
    commits = one(
        "Commits each second",
        f"sum by (stage) (rate(c2c_commit_seconds_count{_RATE}))",
        "{{stage}}",
        unit="ops",
        width=12,
    )
    written = one(
        "Bytes written each second",
        f"sum by (stage) (rate(c2c_committed_bytes_total{_RATE}))",
        "{{stage}}",
        unit="Bps",
        width=12,
    )
    blocked = one(
        "Waits and gets nothing: an open transaction before it?",
        "stage:c2c_lag_records:sum and on (stage) (sum by (stage) (c2c_window_records) == 0)"
        " or on () vector(0)",
        "{{stage}}",
        width=12,
    )
    restarts = one("Restarts in 15 minutes", "stage:c2c_restarts:changes15m", "{{stage}}", width=12)
    held = one("Intake held", "max by (stage) (c2c_backpressure)", "{{stage}}", width=12)
    return Board(
        "c2c-kafka",
        "c2c-stream: Kafka and lag",
        (
            ("Lag", (waiting, age, rejections, blocked)),
            ("Transactions", (commits, written)),
            ("Groups", (held, restarts)),
        ),
    )


def _vllm() -> Board:
    queue = Panel(
        "Requests",
        (
            Query("sum(vllm:num_requests_running)", "running"),
            Query("sum(vllm:num_requests_waiting)", "waiting"),
        ),
    )
    cache = one("KV cache in use", "avg(vllm:kv_cache_usage_perc)", "used", unit=_SHARE)
    tokens = Panel(
        "Tokens each second",
        (
            Query(f"sum(rate(vllm:prompt_tokens_total{_RATE}))", "prompt"),
            Query(f"sum(rate(vllm:generation_tokens_total{_RATE}))", "generated"),
        ),
        unit="ops",
    )
    prefix = one(
        "Prompt tokens out of the prefix cache",
        f"sum(rate(vllm:prefix_cache_hits_total{_RATE}))"
        f" / sum(rate(vllm:prefix_cache_queries_total{_RATE}))",
        "share",
        unit=_SHARE,
    )
    first, between, queued = (
        Panel(
            title,
            tuple(
                Query(
                    f"histogram_quantile({q}, sum by (le) (rate(vllm:{name}_bucket{_RATE})))",
                    f"p{100 * q:.0f}",
                )
                for q in (0.5, 0.99)
            ),
            unit=_SECONDS,
        )
        for title, name in (
            ("Time to the first token", "time_to_first_token_seconds"),
            ("Time between tokens", "inter_token_latency_seconds"),
            ("Time in the queue", "request_queue_time_seconds"),
        )
    )
    ends = one(
        "Requests by how they ended",
        f"sum by (finished_reason) (rate(vllm:request_success_total{_RATE}))",
        "{{finished_reason}}",
        unit="ops",
    )
    preempted = one("Preemptions", f"sum(rate(vllm:num_preemptions_total{_RATE}))", "preemptions")
    return Board(
        "c2c-vllm",
        "c2c-stream: vLLM",
        (
            ("Load", (queue, cache, tokens)),
            ("Answers", (first, between, queued)),
            ("Cost", (prefix, ends, preempted)),
        ),
    )
