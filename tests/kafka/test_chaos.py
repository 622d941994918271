"""The chaos suite: its short form, and that its parts can fail. The long form: `make chaos`."""

from collections import Counter
from pathlib import Path

import pytest

from tests.kafka.chaos.fleet import NAMES
from tests.kafka.chaos.oracle import Verdict
from tests.kafka.chaos.plan import SIGKILL, SIGNALS, plan_of
from tests.kafka.chaos.run import Options, attack
from tests.kafka.chaos.sources import FATES, write_sources
from tests.kafka.chaos.table import lines_of, quarters

SHORT = Options(kills=30, broker_kills=3, functions=2000, seed=4)
BROKERS = ["broker-0", "broker-1", "broker-2"]


@pytest.mark.chaos
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore:list_groups:DeprecationWarning")  # see chaos/watch.py
def test_what_is_killed_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    report = attack(tmp_path, SHORT, print)
    assert not report.faults, "\n".join(lines_of(report))
    assert report.kills.total() == SHORT.kills
    assert report.evicted > 0
    assert min(quarters(report)) > SHORT.kills / 10
    assert report.verdict.counts["samples"] > SHORT.functions / 2


def test_a_seed_decides_who_is_killed_how_and_when() -> None:
    plan = plan_of(7, 200, NAMES, BROKERS, 20)
    assert plan == plan_of(7, 200, NAMES, BROKERS, 20)
    assert plan != plan_of(8, 200, NAMES, BROKERS, 20)
    assert [kill.at for kill in plan] == sorted(kill.at for kill in plan)
    targets = Counter(kill.target for kill in plan)
    assert sum(targets[broker] for broker in BROKERS) == 20
    assert min(targets.values()) >= 6
    assert targets.keys() == {*NAMES, *BROKERS}
    of_services = Counter(kill.how for kill in plan if kill.target not in BROKERS)
    assert of_services.keys() == set(SIGNALS)
    assert {kill.how for kill in plan if kill.target in BROKERS} == {SIGKILL}


def test_sources_hold_what_is_expected_of_them(tmp_path: Path) -> None:
    expected = write_sources(tmp_path / "a", 400, seed=1)
    assert expected.functions == write_sources(tmp_path / "b", 400, seed=1).functions
    assert len(expected.functions) == 400
    assert len(expected.files) == 20
    ends = expected.ends()
    assert ends.total() == 400
    assert {end for _, end in ends} <= {*FATES, "curator"}
    assert sum(count for (_, end), count in ends.items() if end == "curator") > 20


def test_the_oracle_tells_what_is_lost_doubled_and_strange() -> None:
    verdict = Verdict()
    verdict.hold("same", Counter("ab"), Counter("ba"))
    assert verdict.good
    verdict.hold("stage", Counter("abc"), Counter("aacx"))
    assert not verdict.good
    assert (verdict.lost, verdict.doubled, verdict.strange) == (1, 1, 1)
    assert [fault.split(",")[0] for fault in verdict.faults] == [
        "stage: 1 lost",
        "stage: 1 doubled",
        "stage: 1 strange",
    ]
