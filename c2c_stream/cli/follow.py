"""`c2c follow`: put what moves in git repositories on the topic of a run, for good or once."""

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import structlog
import typer

from c2c_stream import __version__, metrics
from c2c_stream.broker.known import FOLLOWER
from c2c_stream.cli import codecs
from c2c_stream.cli.brokers import check, open_known, open_run
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.follower import Follower
from c2c_stream.cli.listening import Listener, address_from, secret_from
from c2c_stream.cli.options import (
    BrokerOption,
    OutOption,
    PortOption,
    PropertyOption,
    RegistryOption,
    RunOption,
    settings_from,
)
from c2c_stream.cli.serve import logger_of, on_signal, telling
from c2c_stream.cli.trouble import ToldHealth
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.http import HttpServer
from c2c_stream.errors import C2CError, SettingsError
from c2c_stream.ingest.feed import read_feed
from c2c_stream.settings import Settings


def follow(
    feed: Annotated[Path, typer.Argument(help="FEED.toml.", show_default=False)],
    out: OutOption = None,
    run: RunOption = None,
    broker: BrokerOption = None,
    schema_registry: RegistryOption = None,
    http_port: PortOption = None,
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Take webhooks of git hosts at /push there.")
    ] = "",
    once: Annotated[bool, typer.Option(help="Ask each repository once, then leave.")] = False,
    properties: PropertyOption = None,
) -> None:
    """Follow branches of git repositories: what changes in them travels, until SIGTERM.

    FEED.toml holds interval_s (60) and branches (none: what HEAD names) for all repositories, and a
    table of the array `repositories` for each: its url (or path), its own interval_s and branches
    if they differ. A branch may be a pattern: "release-*".

    Each move of a branch becomes one record on `repos`, whatever is killed when. The first brings
    all files, a later one those that changed. Deleted files are left alone. One follower a run.

    With --listen a webhook makes it ask the repository that was pushed to at once, and interval_s
    may be long: it then only finds what a webhook missed. GitHub, GitLab, Gitea, Forgejo and
    Bitbucket sign what they send with the secret in follow.secret_file (C2C_FOLLOW__SECRET_FILE,
    or C2C_FOLLOW__SECRET); what is not signed so is refused. It speaks HTTP: put TLS in front.

    What moved is a line on standard error; with --once also of which repository nothing has, and
    the exit code is 3 if one gave no answer; the others were looked at.
    """
    settings = settings_from(
        properties,
        out=out,
        run=run,
        broker=broker,
        schema_registry=schema_registry,
        http_port=http_port,
    )
    followed = read_feed(feed)
    if once and listen:
        raise SettingsError("--once leaves at once, and --listen stays: give one of them")
    door = (address_from(listen), secret_from(settings.follow)) if listen else None
    check(settings)
    with closing(open_run(settings)) as made:
        if not made.exists():
            made.create()
    log, clock = logger_of(FOLLOWER), SystemClock()
    health = ToldHealth(tell=telling(log), now=clock.now)
    codec = codecs.patiently(settings)
    with closing(open_known(settings)) as known:
        follower = Follower(
            followed, known, settings.ingest, codec=codec, health=health, clock=clock, log=log
        )
        with closing(follower):
            if once:
                raise typer.Exit(Exit.SOURCE if follower.once() else Exit.OK)
            with ExitStack() as stack:
                if door:
                    urls = [one.url for one in followed]
                    listener = Listener(*door, urls, follower.wake, clock=clock, log=log)
                    stack.callback(listener.stop)
                    listener.start()
                    log.info("listening", port=listener.port)
                _serve(follower, settings, health, log)


def _serve(
    follower: Follower, settings: Settings, health: Health, log: structlog.stdlib.BoundLogger
) -> None:
    stopping = on_signal()
    metrics.initialise_follower(__version__)
    metrics.watch_readiness(FOLLOWER, lambda: not health.not_ready)
    http = HttpServer(settings.http_host, settings.http_port, health, SystemClock())
    http.start()
    try:
        log.info("started", run=settings.run, port=http.port, pid=os.getpid())
        follower.run(stopping)
        log.info("stopped")
    except C2CError as error:
        log.error("failed", error=type(error).__name__, reason=str(error))  # noqa: TRY400  # no bug
        raise
    finally:
        http.stop()
