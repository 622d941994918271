from pathlib import Path

import pytest

from c2c_stream.sandbox import SandboxUnavailable
from c2c_stream.sandbox.interpreter import own_interpreter
from c2c_stream.sandbox.layout import layout_of


def test_the_layout_holds_the_standard_library_and_no_installed_package() -> None:
    layout = layout_of(own_interpreter().path)

    assert any(Path(entry, "os.py").is_file() for entry in layout.path)
    assert not any("site-packages" in path or "dist-packages" in path for path in layout.binds)
    assert all(Path(mask).name in ("site-packages", "dist-packages") for mask in layout.masks)


def test_what_is_bound_exists_and_lies_in_nothing_else_that_is_bound() -> None:
    binds = [Path(path) for path in layout_of(own_interpreter().path).binds]

    assert all(path.exists() for path in binds)
    assert not any(a != b and a.is_relative_to(b) for a in binds for b in binds)


def test_an_interpreter_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="no-python"):
        layout_of(str(tmp_path / "no-python"))
