"""Makes text from strangers safe to look at: in a terminal, in Markdown."""

import html

_KEPT = frozenset("\n\t")


def plain(text: str) -> str:
    """Return `text` with every character that does not print written as an escape.

    No terminal control, no bidirectional override passes; lines and tabs stay.
    """
    return "".join(c if c.isprintable() or c in _KEPT else _escape(c) for c in text)


def one_line(text: str, width: int = 120) -> str:
    """Return `text` as one printable line of at most `width` characters."""
    line = "".join(c if c.isprintable() else _escape(c) for c in text[: width + 1])
    return line if len(line) <= width else line[: width - 1] + "…"


def cell(text: str) -> str:
    """Return `text` for a cell of a Markdown table; nothing in it is markup."""
    escaped = html.escape(one_line(text), quote=False)
    return "".join(f"\\{c}" if c in "\\`*[]|" else c for c in escaped) or "-"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
