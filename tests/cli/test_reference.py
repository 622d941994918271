from pathlib import Path

from c2c_stream.cli.reference import render

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_reference_page_says_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_every_setting_and_metric_is_documented() -> None:
    for line in render().splitlines():
        if line.startswith("| `"):
            assert line.rstrip("| ").rpartition("|")[2].strip(), line
