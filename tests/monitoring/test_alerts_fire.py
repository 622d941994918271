"""Each alert fires in a real failure, and its section of the runbook leads to its end.

A real Prometheus scrapes real services on a real Kafka by the rules that are shipped, their
durations alone divided (shortened.py). `make alerts` shows each command and what it printed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.monitoring import runbook, scene
from tests.monitoring.failures import FAILURES, Failure
from tests.monitoring.prometheus import await_
from tests.monitoring.queries import rules
from tests.monitoring.scene import Scene
from tests.monitoring.shortened import FASTER

pytestmark = [pytest.mark.alerts, pytest.mark.timeout(900)]
ALERTS = {rule["alert"] for rule in rules() if "alert" in rule}
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Seen:
    """One alert that fired and ended."""

    alert: str
    stage: str
    what: str
    fired_s: float
    steps: int


@dataclass
class Watch:
    """The run, when early failures were induced, and what was seen."""

    scene: Scene
    induced_at: dict[str, float] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def induce(self, failure: Failure) -> None:
        """Let it fail, unless it has been let to before."""
        if failure.what not in self.induced_at:
            print(f"\n## {failure.what}")
            self.induced_at[failure.what] = _now()
            failure.induce(self.scene)

    def firing(self) -> set[tuple[str, str]]:
        """Return name and stage of what fires now."""
        return self.scene.server.alerts()


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    with scene.running(tmp_path_factory.mktemp("scene")) as made:
        found = Watch(made)
        for failure in FAILURES:
            if failure.early:
                found.induce(failure)
        yield found
    print(_table(found.seen))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.what.replace(" ", "-"))
def test_its_alerts_fire_and_the_runbook_ends_them(failure: Failure, watch: Watch) -> None:
    made = watch.scene
    alerts = set(failure.alerts)
    if not failure.early:
        _await(watch, lambda: not alerts & watch.firing(), "of the failure before")
    watch.induce(failure)
    fired = _times(watch, alerts, failure)
    steps = {alert: _work_off(alert, failure, watch) for alert in failure.alerts}
    _await(watch, lambda: not alerts & watch.firing(), "the runbook did not end them")
    print("-- it has ended")
    watch.seen += [Seen(*alert, failure.what, fired[alert], steps[alert]) for alert in steps]
    failure.after(made)
    made.filled.clear()


def _times(
    watch: Watch, alerts: set[tuple[str, str]], failure: Failure
) -> dict[tuple[str, str], float]:
    """Wait until all alerts have fired; return after how many seconds each did."""
    fired: dict[tuple[str, str], float] = {}

    def all_fired() -> bool:
        for alert in (watch.firing() & alerts) - fired.keys():
            fired[alert] = _now() - watch.induced_at[failure.what]
            print(f"-- {_named(alert)} fires after {fired[alert]:.0f} s")
        return fired.keys() == alerts

    _await(watch, all_fired, "they did not fire")
    return fired


def _await(watch: Watch, seen: Callable[[], bool], why: str) -> None:
    await_(seen, lambda: f"{why}\n{_told(watch)}", PATIENCE_S)


def _named(alert: tuple[str, str]) -> str:
    return f"{alert[0]} of {alert[1] or 'all stages'}"


def _work_off(alert: tuple[str, str], failure: Failure, watch: Watch) -> int:
    """Run the steps of an alert's section, one after the other."""
    made, (name, stage) = watch.scene, alert
    pod = stage if stage in made.kubelet.pods else f"{stage}-0"
    found = runbook.steps(name)
    assert found
    for number, step in enumerate(found):
        if (name, number) in failure.before:
            failure.before[name, number](made)
        told = made.told() | {"STAGE": stage, "POD": pod} | made.filled
        done = runbook.run(step, told, made.standin.operator, made.folder)
        made.said = done.said
        print(f"\n[{name}, step {number + 1}]\n$ {step}\n{done.said[-3000:]}")
        assert done.as_told, f"exit code {done.code}"
    return len(found)


def test_every_alert_of_the_rules_was_seen(watch: Watch) -> None:
    assert {one.alert for one in watch.seen} == ALERTS


def _told(watch: Watch) -> str:
    logs = "".join(
        f"{pod.name} {pod.codes}:\n{pod.log()[-800:]}" for pod in watch.scene.kubelet.pods.values()
    )
    return f"firing: {sorted(watch.firing())}\n{logs}"


def _table(seen: list[Seen]) -> str:
    rows = [f"{s.alert:24}{s.stage:12}{s.fired_s:8.0f}  {s.steps:5}  {s.what}" for s in seen]
    head = f"{'alert':24}{'stage':12}{'fired, s':>8}  {'steps':>5}  what was induced"
    note = f"durations of the rules divided by {FASTER}"
    return "\n".join(["", head, *rows, note])


def _now() -> float:
    return time.monotonic()
