"""Rules are right by promtool, each alert fires and stays silent, and has its runbook."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml
from prometheus_client import Counter, Histogram, Info
from prometheus_client.metrics import MetricWrapperBase

from c2c_stream import metrics
from tests.monitoring.queries import RULES, metrics_named, rules
from tests.monitoring.shortened import FASTER, shortened
from tests.processes import ROOT
from tests.require import require_command

TESTS: Final = ROOT / "tests" / "monitoring" / "alerts.yaml"
RUNBOOK: Final = ROOT / "docs" / "runbook.md"
ALERTS: Final = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    require_command("promtool")
    return subprocess.run(
        ["promtool", *map(str, arguments)], check=False, capture_output=True, text=True
    )


def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_and_stay_silent_as_promtool_is_told() -> None:
    done = promtool("test", "rules", TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_seen_to_fire_and_to_stay_silent() -> None:
    seen: dict[str, set[bool]] = {name: set() for name in ALERTS}
    for case in yaml.safe_load(TESTS.read_bytes())["tests"]:
        for check in case["alert_rule_test"]:
            seen[check["alertname"]].add(bool(check["exp_alerts"]))
    assert all(both == {True, False} for both in seen.values()), seen


def test_each_way_in_which_a_request_to_the_model_fails_is_explained() -> None:
    section = RUNBOOK.read_text(encoding="utf-8").partition("## C2CModelFails\n")[2]
    told = set(re.findall(r"`(\w+)`", section.partition("\n## ")[0]))
    assert set(metrics.MODEL_OUTCOMES) - {"answered", "remembered"} <= told


@pytest.mark.parametrize("never", [True, False])
def test_promtool_would_see_a_wrong_alert(tmp_path: Path, *, never: bool) -> None:
    """A rule that never fires, or that fires for everything, fails its tests."""
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        wrong = text.replace("> 1800", "> 1e12" if never else "> -1")
        (tmp_path / path.name).write_text(wrong, encoding="utf-8")
    text = TESTS.read_text(encoding="utf-8").replace("../../monitoring/rules/", "")
    (tmp_path / "tests.yaml").write_text(text, encoding="utf-8")
    done = promtool("test", "rules", tmp_path / "tests.yaml")
    assert done.returncode
    assert "C2CAgeOverTarget" in done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_how_bad_it_is_and_has_its_section(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (page, anchor) == ("docs/runbook.md", alert.lower())
    sections = re.findall(r"^## (\w+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert alert in sections
    assert set(sections) == set(ALERTS)


def test_metrics_and_what_names_them_agree_both_ways() -> None:
    code = {name for one in _metrics() for name in _series(one)}
    named = metrics_named()
    assert not named - code, "named, and not in the code"
    unseen = [one._name for one in _metrics() if not named & set(_series(one))]
    assert not unseen, "in the code, and nobody looks at it"


DURATION: Final = re.compile(
    r"(?<=for: )\d+[smh]|(?<=\[)\d+[smh]|(?<=offset )\d+[smh]"
    r"|(?<=_seconds\) > )\d+|(?<=, )\d+(?: \* 3600)?(?=\)\))"
)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_shortened_rules_differ_in_their_durations_alone(path: Path, tmp_path: Path) -> None:
    """What tests/monitoring/test_alerts_fire.py loads is what is shipped, but for time."""
    text = path.read_text(encoding="utf-8")
    short = shortened(text)
    assert DURATION.sub("", short) == DURATION.sub("", text)
    pairs = list(zip(DURATION.findall(text), DURATION.findall(short), strict=True))
    assert len(pairs) == len(re.findall(r"for: |\[\d|offset |_seconds\) > |\* 3600", text))
    assert all(_seconds(long) == FASTER * _seconds(brief) for long, brief in pairs), pairs
    (tmp_path / path.name).write_text(short, encoding="utf-8")
    done = promtool("check", "rules", tmp_path / path.name)
    assert done.returncode == 0, done.stdout + done.stderr


def _seconds(written: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(.*)", written).groups()  # type: ignore[union-attr]
    return int(number) * {"": 1, "s": 1, "m": 60, "h": 3600, " * 3600": 3600}[unit]


def _metrics() -> list[MetricWrapperBase]:
    return [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]


def _series(metric: MetricWrapperBase) -> list[str]:
    """Return the names that a metric's series have."""
    name = metric._name
    match metric:
        case Counter():
            return [f"{name}_total"]
        case Info():
            return [f"{name}_info"]
        case Histogram():
            return [f"{name}_bucket", f"{name}_count", f"{name}_sum"]
        case _:
            return [name]
