import ast

import pytest

from c2c_stream.code.parse import ParseError, decode, parse


def reason(content: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        parse(content)
    return caught.value.reason


LATIN_1 = b"# coding: latin-1\nx = '\xe9'\n"
SECOND_LINE = b"#!/bin/sh\n# -*- coding: cp1252 -*-\nx = '\x80'\n"
CR_ONLY = b"a = 1\rb = 2\rdef f(x):\r\treturn x\r"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("\ufeffx = 'é'\n".encode(), "x = 'é'\n", id="bom"),
        pytest.param(LATIN_1, "# coding: latin-1\nx = 'é'\n", id="latin1_cookie"),
        pytest.param(
            SECOND_LINE,
            "#!/bin/sh\n# -*- coding: cp1252 -*-\nx = '€'\n",
            id="cookie_on_line_2",
        ),
        pytest.param(CR_ONLY, "a = 1\nb = 2\ndef f(x):\n\treturn x\n", id="cr_only"),
        pytest.param(b"a = 1\r\nb = 2\n", "a = 1\nb = 2\n", id="crlf"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_the_bytes_become_the_text_that_the_interpreter_reads(content: bytes, text: str) -> None:
    assert decode(content) == text
    assert ast.dump(parse(content).tree) == ast.dump(ast.parse(content))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"# coding: utf-7\nx = '+AOk-'\n", id="utf7_cookie"),
        pytest.param(b"# coding: no-such-codec\nx = 1\n", id="unknown_cookie"),
        pytest.param(b"# coding: rot13\nqrs s(n): cnff\n", id="rot13_cookie"),
        pytest.param(b"# coding: hex\n78203d2031\n", id="hex_cookie"),
        pytest.param(b"# coding: unicode_escape\nx = '\\x41'\n", id="escape_cookie"),
        pytest.param(b"# coding: punycode\nx = 1\n", id="punycode_cookie"),
        pytest.param("def f(a): return a\n".encode("utf-16"), id="utf16"),
        pytest.param(b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", id="bom_and_cookie_disagree"),
        pytest.param(b"def f(a): return a\0\n", id="null_byte"),
        pytest.param(b"x = '\xff'\n", id="not_utf8"),
        pytest.param(b"# coding: ascii\nx = '\xe9'\n", id="not_ascii"),
    ],
)
def test_bytes_that_are_no_source_text_are_a_bad_encoding(content: bytes) -> None:
    assert reason(content) == "bad_encoding"


@pytest.mark.parametrize(
    "text",
    ["print 'two'", "try: f()\nexcept E, e: pass", "def f(:", "x = (", "if x:\nreturn", "\x01"],
)
def test_text_that_is_no_python_is_a_syntax_error(text: str) -> None:
    assert reason(text.encode()) == "syntax_error"


@pytest.mark.parametrize(
    "text",
    [
        "type Pair[T] = tuple[T, T]\nx = (",
        "def first[T](a: list[T]) -> T:\n    return a[0]\nx = (",
        "try: f()\nexcept OSError, ValueError: pass",
        "x = t'{y}'",
    ],
)
def test_syntax_of_a_later_python_has_its_own_reason(text: str) -> None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        if "never closed" in str(error):
            pytest.skip("this interpreter knows the syntax")
        assert reason(text.encode()) == "syntax_newer"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = a" + ".b" * 20_000, id="attr_chain"),
        pytest.param("x = " + "-" * 20_000 + "1", id="unary"),
        pytest.param("x = " + "not " * 9000 + "1", id="not"),
    ],
)
def test_text_that_is_too_deep_is_a_parse_limit(text: str) -> None:
    assert reason(text.encode()) == "parse_limit"


def test_nfkc_identifier() -> None:
    source = parse("\uff58 = 1\ndef f(a): return x + a".encode())
    assert isinstance(source.tree.body[0], ast.Assign)
    assert ast.unparse(source.tree.body[0].targets[0]) == "x"
    assert source.text(source.tree.body[0]) == "\uff58 = 1"


def test_a_node_s_text_is_found_behind_characters_of_many_bytes() -> None:
    source = parse("a = '\u2028é'; b = '\U0001d4b3\x0c'; c = 3\n".encode())
    assert [source.text(node) for node in source.tree.body] == [
        "a = '\u2028é'",
        "b = '\U0001d4b3\x0c'",
        "c = 3",
    ]


def test_a_warning_about_somebody_s_escapes_is_not_ours() -> None:
    assert len(parse(b"x = '\\d' is 1\n").tree.body) == 1
