"""Failures that are induced for real, and the alerts that must follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.monitoring import acts
from tests.monitoring.scene import Scene

Act = Callable[[Scene], None]


def _nothing(_: Scene) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: alerts by name and stage, in the order in which their sections are worked off.

    `before` says what happens before a step of a section (from 0) that is no command: the cause is
    mended, a manifest is edited, something is read off what was printed.
    """

    what: str
    alerts: tuple[tuple[str, str], ...]
    induce: Act
    before: Mapping[tuple[str, int], Act] = field(default_factory=dict)
    after: Act = _nothing
    early: bool = False
    """Induced before all others: its alert takes minutes."""


FAILURES: Final = (
    Failure(
        "a setting that cannot be read is rolled out to the curator",
        (("C2CStageAbsent", "curator"),),
        acts.bad_setting,
    ),
    Failure(
        "the model server takes requests and answers none",
        (("C2CAgeOverTarget", "writer"), ("C2CStageStalled", "writer")),
        acts.hang,
        after=acts.one_writer,
    ),
    Failure(
        "the model server runs out of memory",
        (("C2CWriterIdle", "writer"),),
        acts.no_memory,
        after=acts.memory_again,
    ),
    Failure(
        "the model server refuses what it is asked",
        (("C2CModelFails", ""), ("C2CDeadLettersGrow", "writer")),
        acts.refuse,
        before={("C2CDeadLettersGrow", 1): acts.accept},
    ),
    Failure(
        "what is no record is put on a topic",
        (("C2CBreakerOpen", "collector"),),
        acts.garbage,
    ),
    Failure(
        "the kernel kills a service again and again",
        (("C2CServiceRestarts", "formatter"),),
        acts.kill_often,
    ),
    Failure(
        "a transaction is left open",
        (("C2CHangingTransaction", "formatter"),),
        acts.open_transaction,
        before={("C2CHangingTransaction", 2): acts.read_off_offset},
    ),
    Failure(
        "a producer is updated before its consumer",
        (("C2CPartitionHeld", "collector"),),
        acts.newer_record,
    ),
    Failure(
        "the brokers are killed",
        (("C2CNotReady", "sink"),),
        acts.no_brokers,
        before={("C2CNotReady", 2): acts.brokers_again},
        after=acts.usual_time,
    ),
    Failure(
        "the executor is on a kernel without Landlock",
        (("C2CSandboxWallMissing", "executor"),),
        acts.older_kernel,
    ),
    Failure(
        "the dataset's disk is filled",
        (("C2CDiskFills", "sink"),),
        acts.fill,
        early=True,
    ),
    Failure(
        "a repository that is followed has moved",
        (("C2CRepositorySilent", "follower"),),
        acts.move_away,
        before={("C2CRepositorySilent", 0): acts.take_out},
        early=True,
    ),
    Failure(
        "somebody moves a group over what waits for it",
        (("C2CRecordsLost", "executor"),),
        acts.skipped,
    ),
    Failure(
        "somebody writes to a group's committed offsets",
        (("C2CBooksOutOfBalance", "formatter"),),
        acts.wrong_books,
    ),
)
