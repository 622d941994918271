from pathlib import Path

import pytest

from c2c_stream.errors import SettingsError
from c2c_stream.write.model.prompt import VERSION, Prompts
from tests.write.model.make import candidate

FUNCTION = candidate("def f(n):\n    return f'${n}' + '$found'\n").function


def test_what_is_constant_stands_first_and_the_function_last() -> None:
    prompts = Prompts()
    one, other = prompts.of(FUNCTION, 5), prompts.of(candidate().function, 9, ["n=1"])
    assert one.constant == other.constant
    assert FUNCTION.code.strip() in one.own
    assert FUNCTION.code.strip() not in one.constant
    assert one.own.endswith("### Inputs\n")
    assert prompts.version == VERSION


def test_what_the_search_found_is_told_and_kept_short() -> None:
    found = [f"n={n}" for n in range(50)] + ["n='" + "a" * 900 + "'"]
    own = Prompts().of(FUNCTION, 5, found).own
    assert "n=0; n=1;" in own
    assert len(own) < len(Prompts().of(FUNCTION, 5).own) + 200


def test_a_file_overrides_the_words_and_is_a_version_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("Write inputs.\n%%\n$code\n# $name, $count$found:\n")
    prompts = Prompts(file)
    prompt = prompts.of(candidate().function, 4)
    assert prompt.constant == "Write inputs.\n"
    assert prompt.own == "def f(n):\n    return n + 1\n# f, 4:\n"
    version = prompts.version
    file.write_text("Write other inputs.\n%%\n$code\n")
    assert Prompts(file).version != version != VERSION


@pytest.mark.parametrize("text", [None, b"$code", b"a\n%%\nb", b"\xff\n%%\n$code"])
def test_a_file_that_is_no_template_is_named(tmp_path: Path, text: bytes | None) -> None:
    file = tmp_path / "prompt.txt"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(SettingsError, match=r"model\.prompt_file: .*prompt\.txt"):
        Prompts(file)
