import socket
from pathlib import Path

import pytest

from tests.e2e.chain import Run, c2c


def _one_sentence(stderr: str) -> str:
    assert "Traceback" not in stderr
    return " ".join(stderr.split())


def test_a_source_that_is_missing_is_named(tmp_path: Path) -> None:
    done = c2c("run", tmp_path / "nowhere", "--out", tmp_path / "out")

    assert done.returncode == 3
    assert "nowhere" in _one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_folder_without_python_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "notes.txt").write_text("hello")

    done = c2c("run", tmp_path / "src", "--out", tmp_path / "out")

    assert done.returncode == 3
    assert "Python" in _one_sentence(done.stderr)


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_bytes(b"PK\x03\x04 and then nothing")

    done = c2c("run", tmp_path / "code.zip", "--out", tmp_path / "out")

    assert done.returncode in {3, 5}
    assert "code.zip" in _one_sentence(done.stderr + done.stdout)


def test_an_out_with_another_run_is_refused(finished: Run, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def double(n):\n    return [n, n * 2]\n")
    before = (finished.out / "run.json").read_bytes()

    done = c2c("run", tmp_path / "other.py", "--out", finished.out)

    assert done.returncode == 2
    assert "holds another run" in _one_sentence(done.stderr)
    assert (finished.out / "run.json").read_bytes() == before


def test_an_out_with_foreign_files_is_refused(tmp_path: Path, source: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")

    done = c2c("run", source, "--out", tmp_path)

    assert done.returncode == 2
    assert "thesis.tex" in _one_sentence(done.stderr)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--format", "xml"),
        ("--layout", "poem"),
        ("--writer", "monkey"),
        ("--license-policy", "mit"),
    ],
)
def test_an_unknown_choice_names_the_known_ones(
    tmp_path: Path, source: Path, option: str, value: str
) -> None:
    done = c2c("run", source, "--out", tmp_path / "out", option, value)

    assert done.returncode == 2
    assert value in _one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_port_in_use_is_a_clear_sentence(finished: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = c2c("serve", "formatter", "--out", finished.out, "--http-port", port)

    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_without_a_run_say_so(tmp_path: Path) -> None:
    for command in (["status"], ["rejections"], ["explain", "x"], ["dead-letters", "list"]):
        done = c2c(*command, "--out", tmp_path)
        assert done.returncode == 2, command
        assert "holds no run" in _one_sentence(done.stderr)


def test_an_out_that_cannot_be_written_is_named(source: Path) -> None:
    done = c2c("run", source, "--out", "/proc/c2c-out")

    assert done.returncode == 2
    assert "/proc/c2c-out" in _one_sentence(done.stderr)


def test_a_server_that_is_away_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    done = c2c("run", f"http://127.0.0.1:{port}/shop", "--out", tmp_path / "out")

    assert done.returncode == 3
    assert f"127.0.0.1:{port}/shop" in _one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_broker_of_another_kind_leaves_no_run_behind(tmp_path: Path, source: Path) -> None:
    done = c2c("run", source, "--out", tmp_path / "out", "--broker", "kafka:9092")

    assert done.returncode == 2
    assert "local:PATH" in _one_sentence(done.stderr)
    assert not (tmp_path / "out").exists()


def test_a_run_goes_to_the_broker_that_the_environment_names(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C2C_BROKER", "kafka://nowhere")

    done = c2c("run", source, "--out", tmp_path / "out")

    assert done.returncode == 2
    assert "found 'kafka://nowhere'" in _one_sentence(done.stderr)


def test_a_file_without_functions_ends_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")

    done = c2c("run", tmp_path / "empty.py", "--out", tmp_path / "out")

    assert done.returncode == 4
    assert "no function was found" in done.stdout
    assert "load_dataset" not in done.stdout


def test_services_that_were_started_one_by_one_have_a_status(tmp_path: Path, source: Path) -> None:
    assert c2c("ingest", source, "--out", tmp_path / "out").returncode == 0

    done = c2c("status", "--out", tmp_path / "out")

    assert done.returncode == 0
    assert done.stdout.startswith(f"run main on local:{tmp_path / 'out' / '.c2c'}\n")
    assert "books: balanced" in done.stdout


def test_rejections_of_an_unknown_stage_name_the_stages(finished: Run) -> None:
    done = c2c("rejections", "--out", finished.out, "--stage", "colector")

    assert done.returncode == 2
    assert "collector" in _one_sentence(done.stderr)


def test_a_terminal_without_our_characters_shows_others(
    finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    done = c2c("show", finished.out, "-n", "1")

    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
