"""Shared by all tests of the whole chain: one source, one finished run."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.chain import MODULES, STDLIB, Run, run_to_end


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of real code: modules of the library, a copy of one, and a broken file."""
    folder = tmp_path_factory.mktemp("sources") / "library"
    for name in MODULES:
        file = STDLIB / f"{name}.py"
        if file.is_file():
            target = folder / f"{name}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    (folder / "broken.py").write_text("def broken(:\n")
    (folder / "copy_of_colorsys.py").write_bytes((folder / "colorsys.py").read_bytes())
    return folder


@pytest.fixture(scope="session")
def finished(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return one uninterrupted run."""
    return run_to_end(source, tmp_path_factory.mktemp("finished") / "out")
