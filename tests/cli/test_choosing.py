"""Which run a command is about: what is stated wins over a run file that lies about."""

from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker.local_run import LocalRun
from c2c_stream.cli import runfile
from c2c_stream.cli.choosing import folder_for, settings_for
from c2c_stream.errors import SettingsError

IN_FOLDER = ("kafka://folder:9092", "run-0123")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return ./c2c-out, in which a run file lies."""
    monkeypatch.chdir(tmp_path)
    for name in ("C2C_BROKER", "C2C_RUN", "C2C_OUT", "C2C_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return hold(tmp_path / "c2c-out", *IN_FOLDER)


def hold(folder: Path, broker: str, run: str) -> Path:
    """Make a folder hold a run that was started with a registry and four inputs a function."""
    settings = {"write": {"inputs": 4}}
    registry = "http://registry:8081"
    wanted = runfile.RunFile(run, "1", "3.11", broker, (), settings, registry)
    runfile.claim(folder, wanted)
    return folder


def chosen(
    out: str | None = None, broker: str | None = None, run: str | None = None
) -> tuple[str, str]:
    settings = settings_for(Path(out) if out else None, broker, run, None)
    return settings.broker, settings.run


def test_where_nothing_is_stated_it_is_the_run_in_the_folder(folder: Path) -> None:
    settings = settings_for(None, None, None, ["client.id=x"])

    assert (settings.broker, settings.run, settings.out) == (*IN_FOLDER, folder)
    assert settings.write.inputs == 4
    assert settings.schema_registry == "http://registry:8081"
    assert settings.kafka.properties == {"client.id": "x"}


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({"C2C_BROKER": "kafka://env:1"}, {}, ("kafka://env:1", "main")),
        ({"C2C_BROKER": "kafka://env:1", "C2C_RUN": "a"}, {}, ("kafka://env:1", "a")),
        ({"C2C_BROKER": "kafka://env:1"}, {"run": "b"}, ("kafka://env:1", "b")),
        ({"C2C_BROKER": "kafka://env:1"}, {"broker": "kafka://o:1"}, ("kafka://o:1", "main")),
        ({"C2C_RUN": "a"}, {"broker": "kafka://o:1"}, ("kafka://o:1", "a")),
        ({"C2C_BROKER": "kafka://env:1"}, {"out": "c2c-out"}, IN_FOLDER),
        ({"C2C_RUN": "a"}, {"out": "c2c-out"}, IN_FOLDER),
        ({"C2C_BROKER": "kafka://env:1"}, {"out": "nowhere"}, ("kafka://env:1", "main")),
        ({"C2C_RUN": "a"}, {}, (IN_FOLDER[0], "a")),
        ({}, {"run": "b"}, (IN_FOLDER[0], "b")),
        ({"C2C_BROKER": "", "C2C_RUN": "run-0123"}, {}, IN_FOLDER),
    ],
)
def test_an_option_wins_over_the_environment_and_that_over_a_folder_not_named(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    options: dict[str, str],
    expected: tuple[str, str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert chosen(**options) == expected


def test_a_run_that_is_stated_and_lies_in_the_folder_has_its_settings() -> None:
    settings = settings_for(None, *IN_FOLDER, None)

    assert settings.write.inputs == 4


def test_a_folder_that_the_environment_names_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(tmp_path / "live", "kafka://live:1", "main")
    monkeypatch.setenv("C2C_OUT", "live")

    assert chosen() == ("kafka://live:1", "main")
    assert folder_for(None) == tmp_path / "live"
    assert folder_for(Path("c2c-out")) == tmp_path / "c2c-out"


def test_a_file_of_settings_states_a_broker_as_the_environment_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c2c.toml").write_text('broker = "kafka://file:1"')
    monkeypatch.setenv("C2C_CONFIG", "c2c.toml")

    assert chosen() == ("kafka://file:1", "main")


def test_a_log_that_is_named_is_found_from_where_the_command_runs(tmp_path: Path) -> None:
    with closing(LocalRun(tmp_path / "log", "main")) as log:
        log.create()

    assert chosen(broker="local:log") == (f"local:{tmp_path / 'log'}", "main")
    assert chosen(out="nowhere", broker="local:log") == (f"local:{tmp_path / 'log'}", "main")


def test_what_was_looked_for_is_told_where_there_is_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    with pytest.raises(SettingsError, match=rf"^{nowhere} holds no run: .*run\.json.*log\.sqlite"):
        chosen(out="nowhere")
    # The brokers hold the run, its audit trail stands in a folder.
    monkeypatch.setenv("C2C_BROKER", "kafka://env:1")
    with pytest.raises(SettingsError, match=rf"^{nowhere} holds no run: .*run\.json.*audit/"):
        folder_for(Path("nowhere"))


def test_a_folder_that_a_service_writes_is_a_runs_folder(tmp_path: Path) -> None:
    (tmp_path / "live" / "audit").mkdir(parents=True)

    assert folder_for(Path("live")) == tmp_path / "live"
