import json
from dataclasses import replace
from pathlib import Path

import pytest

from c2c_stream.cli import runfile
from c2c_stream.cli.runfile import RunFile, claim, only_one, read
from c2c_stream.errors import SettingsError
from c2c_stream.records import Repository

RUN = RunFile(
    run="main",
    version="0.1.0",
    python="3.11.7",
    interpreter="3.11.7",
    broker="",
    sources=(Repository(url="/src", kind="folder"),),
    settings={"curate": {"limit": None}},
)


def test_a_folder_keeps_the_run_that_claimed_it(tmp_path: Path) -> None:
    out = tmp_path / "out"

    assert claim(out, RUN) == RUN
    assert claim(out, RUN) == RUN
    assert read(out) == RUN
    assert [path.name for path in out.iterdir()] == [runfile.NAME]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sources", (Repository(url="/other", kind="folder"),)),
        ("settings", {"curate": {"limit": 3}}),
        ("python", "3.12.1"),
        ("interpreter", "3.12.1"),
        ("broker", "local:/elsewhere"),
        ("replay", {"run": "old", "topic": "files"}),
    ],
)
def test_another_run_is_refused_and_both_sides_are_named(
    tmp_path: Path, name: str, value: object
) -> None:
    claim(tmp_path, RUN)

    with pytest.raises(SettingsError, match=f"holds another run: its {name}"):
        claim(tmp_path, replace(RUN, **{name: value}))  # type: ignore[arg-type]  # one of the fields above

    assert read(tmp_path) == RUN


def test_a_newer_package_goes_on_with_an_older_ones_run(tmp_path: Path) -> None:
    claim(tmp_path, RUN)

    assert claim(tmp_path, replace(RUN, version="0.2.0")).version == "0.1.0"


def test_a_run_from_before_one_could_choose_goes_on_under_the_interpreter_of_c2c(
    tmp_path: Path,
) -> None:
    claim(tmp_path, RUN)
    path = tmp_path / runfile.NAME
    fields = json.loads(path.read_text())
    del fields["interpreter"]
    path.write_text(json.dumps(fields))

    assert claim(tmp_path, RUN) == RUN
    with pytest.raises(SettingsError, match="its interpreter"):
        claim(tmp_path, replace(RUN, interpreter="3.12.1"))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")

    with pytest.raises(SettingsError, match=r"'notes\.md' is in it"):
        claim(tmp_path, RUN)

    assert [path.name for path in tmp_path.iterdir()] == ["notes.md"]


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")

    with pytest.raises(SettingsError, match="out is no folder"):
        claim(tmp_path / "out", RUN)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "sources": [{"planet": "x"}]}'])
def test_a_run_file_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / runfile.NAME).write_text(text)

    with pytest.raises(SettingsError, match=r"run\.json"):
        read(tmp_path)


def test_a_run_file_of_another_format_is_named(tmp_path: Path) -> None:
    claim(tmp_path, RUN)
    path = tmp_path / runfile.NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))

    with pytest.raises(SettingsError, match="another version"):
        read(tmp_path)


def test_the_one_setting_that_differs_is_named(tmp_path: Path) -> None:
    claim(tmp_path, replace(RUN, settings={"sink": {"format": "parquet", "layout": "chat"}}))

    with pytest.raises(SettingsError, match=r'its settings\.sink\.format: "parquet", .*: "jsonl"'):
        claim(tmp_path, replace(RUN, settings={"sink": {"format": "jsonl", "layout": "chat"}}))


def test_a_folder_is_held_by_one_run_at_a_time(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(SettingsError, match="another c2c run"),
        only_one(tmp_path),
    ):
        pass

    with only_one(tmp_path):
        pass


def test_a_folder_that_cannot_be_held_is_named(tmp_path: Path) -> None:
    (tmp_path / ".c2c").write_text("no folder")

    with pytest.raises(SettingsError, match="cannot be written"), only_one(tmp_path):
        pass
