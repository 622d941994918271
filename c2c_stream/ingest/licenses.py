"""SPDX licence expressions: read from a file's header or a dump's column, made uniform. Pure.

Only the grammar is checked; whether an identifier is on SPDX's list is left to policy.
"""

import re
from collections.abc import Iterable

# Headers stand in the first comment; 4 KiB holds the longest copyright lists seen above one.
HEAD_BYTES = 4096
MAX_EXPRESSION_CHARS = 500
# A row may list any number of licences; above this many nobody can say what holds.
MAX_JOINED_CHARS = 2000
_TAG = re.compile(
    rb"""^[ \t#*/;'"]*SPDX-License-Identifier:[ \t]*([ -~]+?)[ \t]*(?:-->|\*/|"{3}|'{3})?\s*?$""",
    re.MULTILINE,
)
_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9][A-Za-z0-9.:-]*\+?)")
_OPERATORS = frozenset({"AND", "OR", "WITH"})
# Identifiers are case-insensitive, and dumps write them in lower case; others stay as found.
COMMON = """
0BSD AFL-3.0 AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-2.0
BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear BSL-1.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 ECL-2.0
EPL-1.0 EPL-2.0 EUPL-1.2 GPL-2.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0-only
GPL-3.0-or-later HPND ISC LGPL-2.1 LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 LGPL-3.0-only
LGPL-3.0-or-later MIT MIT-0 MPL-1.1 MPL-2.0 NCSA OFL-1.1 PSF-2.0 Python-2.0 Unlicense UPL-1.0
WTFPL Zlib ZPL-2.1
"""
_COMMON = {name.lower(): name for name in COMMON.split()}


def header_license(content: bytes) -> str:
    """Return the expression of the SPDX tags in a file's head; empty if there is none."""
    head = content[:HEAD_BYTES]
    if b"SPDX-License-Identifier:" not in head:
        return ""
    return joined(match.group(1).decode("ascii") for match in _TAG.finditer(head))


def joined(expressions: Iterable[str]) -> str:
    """Return one expression under which all of `expressions` hold; malformed ones are left out."""
    normal = (normal_expression(expression) for expression in expressions)
    kept = list(dict.fromkeys(expression for expression in normal if expression))
    if len(kept) == 1:
        return kept[0]
    text = " AND ".join(f"({part})" if " OR " in part else part for part in kept)
    return text if len(text) <= MAX_JOINED_CHARS else ""


def normal_expression(text: str) -> str:
    """Return `text` with uniform case and spacing; empty if it is no SPDX expression."""
    tokens = _tokens(text) if len(text) <= MAX_EXPRESSION_CHARS else []
    if not _well_formed(tokens):
        return ""
    return " ".join(tokens).replace("( ", "(").replace(" )", ")")


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return []
        tokens.append(_normal_token(match.group(1)))
        at = match.end()
    return tokens


def _normal_token(token: str) -> str:
    if token.upper() in _OPERATORS:
        return token.upper()
    bare = token.removesuffix("+")
    return _COMMON.get(bare.lower(), bare) + token[len(bare) :]


def _well_formed(tokens: list[str]) -> bool:
    """Check the grammar in one pass: operands and operators take turns, parentheses match."""
    depth, want_operand = 0, True
    for part in tokens:
        opens = part == "("
        if want_operand != (opens or _is_identifier(part)):
            return False
        depth += opens - (part == ")")
        if depth < 0:
            return False
        want_operand = opens or part in _OPERATORS
    return bool(tokens) and not want_operand and depth == 0


def _is_identifier(part: str) -> bool:
    return part not in _OPERATORS and part not in {"(", ")"}
