"""`c2c serve STAGE`: one service, until it is told to stop."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from c2c_stream import __version__, metrics
from c2c_stream.broker.protocol import Broker
from c2c_stream.cli import codecs, reporting, trouble
from c2c_stream.cli.brokers import engine_of, open_broker
from c2c_stream.cli.leaving import leaving_in_time
from c2c_stream.cli.options import (
    BackendOption,
    BrokerOption,
    OutOption,
    PortOption,
    PropertyOption,
    PythonOption,
    RegistryOption,
    RequireOption,
    RunOption,
    WriterOption,
    sandbox_flags,
    settings_from,
)
from c2c_stream.cli.watchdog import end_if_it_hangs
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.http import HttpServer
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.outbox import Settled
from c2c_stream.engine.runner import Runner
from c2c_stream.engine.workers import (
    AsyncWorker,
    KeyedWorker,
    PureWorker,
    SourceWorker,
    Worker,
)
from c2c_stream.errors import C2CError, SettingsError
from c2c_stream.settings import Settings, forget_secrets, jobs_of, said_of
from c2c_stream.topics import SERVICES

if TYPE_CHECKING:
    from c2c_stream.engine.spans import Spans

PR_SET_PDEATHSIG = 1


def serve(
    stage: Annotated[str, typer.Argument(help=f"One of: {', '.join(SERVICES)}.")],
    out: OutOption = None,
    run: RunOption = None,
    broker: BrokerOption = None,
    schema_registry: RegistryOption = None,
    http_port: PortOption = None,
    writer: WriterOption = None,
    backend: BackendOption = None,
    require_walls: RequireOption = None,
    python: PythonOption = None,
    properties: PropertyOption = None,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
    trouble_slot: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one service until SIGTERM; then finish what is in flight, commit it and leave.

    Every setting can stand in the environment (C2C_WRITE__STEPS=100000) or in the TOML file that
    C2C_CONFIG names. Serves /metrics, /livez and /readyz.
    """
    if parent is not None:
        _die_with(parent)
    if trouble_slot is not None:
        os.set_inheritable(trouble_slot, False)
    settings = settings_from(
        properties,
        out=out,
        run=run,
        broker=broker,
        schema_registry=schema_registry,
        http_port=http_port,
        write=None if writer is None else {"writer": writer},
        **sandbox_flags(backend, require_walls, python),
    )
    forget_secrets()
    if stage not in SERVICES:
        raise SettingsError(f"unknown stage {stage!r}; one of: {', '.join(SERVICES)}")
    log, stopping = logger_of(stage), on_signal()
    with leaving_in_time(stopping, settings.engine.drain_s, log) as leaving, ExitStack() as opened:
        try:
            _serve(stage, settings, telling(log, trouble_slot), log, stopping, opened)
            leaving.end()
        except C2CError as error:
            if trouble_slot is not None:
                trouble.tell(trouble_slot, str(error))
            with suppress(OSError):
                log.error("failed", error=type(error).__name__, reason=str(error))  # noqa: TRY400  # no bug
            leaving.end(error)
            raise
        except BaseException as error:
            leaving.end(error)
            raise


def _serve(
    stage: str,
    settings: Settings,
    tell: Callable[[str], None],
    log: structlog.stdlib.BoundLogger,
    stopping: Callable[[], bool],
    opened: ExitStack,
) -> None:
    """Run until told to stop. What is to be closed then is left in `opened`."""
    clock = SystemClock()
    health = trouble.ToldHealth(tell=tell, now=clock.now)
    metrics.initialise(stage, __version__)
    metrics.watch_readiness(stage, lambda: not health.not_ready)
    metrics.watch_disk(stage, settings.out)
    http = HttpServer(settings.http_host, settings.http_port, health, clock)
    http.start()
    opened.callback(http.stop)
    end_if_it_hangs(health, clock, log)
    codec = codecs.awaited(settings, health.ready, stopping)
    if codec is None:
        return
    health.ready("starting")
    spans = _spans(stage, settings, log)
    if spans:
        opened.callback(spans.close)
    broker = opened.enter_context(closing(open_broker(settings, stage)))
    runner = Runner(
        worker=worker_of(stage, settings, broker, log),
        broker=broker,
        codec=codec,
        settings=engine_of(settings),
        meter=Meter(stage, health, clock, spans=spans, bury=burying(log)),
        clock=clock,
        run=settings.run,
    )
    with suppress(OSError):
        told = {"run": settings.run, "port": http.port, "pid": os.getpid()}
        log.info("started", **told, **_chosen(stage, settings))
    runner.run(stopping)
    with suppress(OSError):
        log.info("stopped")


def _spans(stage: str, settings: Settings, log: structlog.stdlib.BoundLogger) -> "Spans | None":
    """Return where spans are sent; None where no collector is named. Raises SettingsError."""
    if not settings.traces.endpoint:
        return None
    try:
        from c2c_stream.engine.spans import Spans
    except ImportError as error:
        raise SettingsError(
            f"traces.endpoint is set, and {error.name} is not installed:"
            f" pip install 'c2c-stream[traces]'"
        ) from error

    def tell(reason: str) -> None:
        with suppress(OSError):
            if reason:
                log.warning("traces are lost", reason=reason)
            else:
                log.info("traces are taken again")

    return Spans(settings.traces, settings.run, stage, tell)


def burying(log: structlog.stdlib.BoundLogger) -> Callable[[Settled], None]:
    """Return what says a line of each dead letter, with what finds the record and its trace."""

    def bury(letter: Settled) -> None:
        if letter.work is None:
            return
        place, span = letter.work.place, letter.work.span
        ids = {name.removeprefix("c2c."): text for name, text in span.ids().items()}
        with suppress(OSError):
            log.error(
                "dead letter",
                at=str(place),
                error=", ".join(letter.reasons),
                trace_id=span.own.trace_id.decode(),
                **ids,
            )

    return bury


def _chosen(stage: str, settings: Settings) -> dict[str, str]:
    """Return what a service's settings left to it, in words."""
    return {"writer": said_of(settings)} if stage == "writer" else {}


def telling(log: structlog.stdlib.BoundLogger, slot: int | None = None) -> Callable[[str], None]:
    """Return what takes the reason why a service waits: its log, and the run that started it."""

    def tell(reason: str) -> None:
        if slot is not None:
            trouble.tell(slot, reason)
        if reason:
            log.warning("waiting", reason=reason)

    return tell


def worker_of(
    stage: str, settings: Settings, broker: Broker, log: structlog.stdlib.BoundLogger
) -> Worker:
    """Return the worker that runs a stage; a service imports its own stage only."""
    match stage:
        case "ingester":
            from c2c_stream.ingest.stage import Ingester

            def whole(reason: str) -> None:
                metrics.WHOLE_READS.labels(stage).inc()
                log.warning("read whole", reason=reason)

            return SourceWorker(Ingester(settings.ingest, settings.out / ".c2c", whole))
        case "collector":
            from c2c_stream.collect.stage import Collector

            return PureWorker(Collector(settings.collect))
        case "curator":
            from c2c_stream.curate.stage import Curator

            return KeyedWorker(Curator(settings.curate), broker.state())
        case "formatter":
            from c2c_stream.format.stage import Formatter

            return PureWorker(Formatter(settings.format))
        case _:
            built = _async_stage(stage, settings, log)
            return AsyncWorker(built, settings.engine.record_deadline_s)


def _async_stage(stage: str, settings: Settings, log: structlog.stdlib.BoundLogger) -> Any:
    from c2c_stream.cli.walls import Teller

    match stage:
        case "writer":
            from c2c_stream.write.choose import stage_for

            return stage_for(settings, Teller(stage, log))
        case "executor":
            from c2c_stream.execute.stage import Executor

            jobs = jobs_of(settings.execute.jobs)
            return Executor(settings.execute, settings.sandbox, jobs, Teller(stage, log))
        case _:
            from c2c_stream.sink.stage import Sink

            return Sink(settings.out, settings.sink)


def on_signal() -> Callable[[], bool]:
    """Return what says whether SIGTERM or SIGINT has come."""
    received: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: received.append(got))
    return lambda: bool(received)


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies; leave at once if it already has."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def logger_of(stage: str) -> structlog.stdlib.BoundLogger:
    """Return a logger of one line an event on standard error: JSON, in a terminal colours."""
    seen = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if seen else "iso", utc=not seen),
            structlog.dev.ConsoleRenderer() if seen else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(stage=stage)
    return logger


if __name__ == "__main__":
    # How a local run starts its services: nothing is imported that the service does not need.
    reporting(lambda: typer.run(serve))
