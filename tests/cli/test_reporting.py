import errno
import os
from collections.abc import Callable

import pytest

from c2c_stream.cli import reporting
from c2c_stream.errors import SourceError


def raising(error: Exception) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def test_an_error_of_ours_is_one_sentence_without_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        reporting(raising(SourceError("[bold]src: " + "long " * 40)))

    said = capsys.readouterr().err
    assert left.value.code == 3
    assert said.startswith("c2c: [bold]src: ")
    assert said.count("\n") == 1


def test_a_full_disk_is_one_sentence_that_names_the_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/README.md.tmp")

    with pytest.raises(SystemExit) as left:
        reporting(raising(full))

    assert left.value.code == 8
    assert "out/README.md.tmp: No space left on device" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(FileNotFoundError):
        reporting(raising(FileNotFoundError(errno.ENOENT, "gone")))
