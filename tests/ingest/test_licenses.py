"""SPDX expressions: the grammar, headers, and what dumps write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.ingest.licenses import header_license, joined, normal_expression


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("MIT", "MIT"),
        ("mit", "MIT"),
        ("apache-2.0 or mit", "Apache-2.0 OR MIT"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        (" (MIT   AND(BSD-3-Clause OR ISC)) ", "(MIT AND (BSD-3-Clause OR ISC))"),
        ("LicenseRef-Our-Own", "LicenseRef-Our-Own"),
        ("DocumentRef-x:LicenseRef-y", "DocumentRef-x:LicenseRef-y"),
    ],
)
def test_an_expression_gets_uniform_case_and_spacing(text: str, normal: str) -> None:
    assert normal_expression(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MIT OR",
        "OR MIT",
        "MIT Apache-2.0",
        "(MIT",
        "MIT)",
        ")MIT(",
        "()",
        "MIT/X11",
        "MIT, see",
    ],
)
def test_what_is_no_expression_is_empty(text: str) -> None:
    assert normal_expression(text) == ""


def test_an_expression_of_unreasonable_length_is_none() -> None:
    assert normal_expression(" OR ".join(["MIT"] * 200)) == ""


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (b"# SPDX-License-Identifier: MIT\n", "MIT"),
        (b"#!/usr/bin/python\r\n# SPDX-License-Identifier: MIT\r\nx = 1\r\n", "MIT"),
        (b'"""Doc.\n\nSPDX-License-Identifier: ISC\n"""', "ISC"),
        (b'"""SPDX-License-Identifier: ISC"""', "ISC"),
        (b"# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: ISC OR 0BSD\n",
         "MIT AND (ISC OR 0BSD)"),
        (b"# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: mit\n", "MIT"),
        (b"x = 'SPDX-License-Identifier: MIT'\n", ""),
        (b"# SPDX-License-Identifier: see LICENSE file\n", ""),
        (b"# SPDX-License-Identifier:\n", ""),
        (b"# SPDX-License-Identifier: \xff\n", ""),
        (b"\n" * 5000 + b"# SPDX-License-Identifier: MIT\n", ""),
    ],
)  # fmt: skip
def test_a_header_is_read_from_the_comments_at_the_top(source: bytes, found: str) -> None:
    assert header_license(source) == found


def test_several_licences_of_a_dump_hold_together() -> None:
    assert joined(["mit", "bad one here", "Apache-2.0 OR ISC", "MIT"]) == (
        "MIT AND (Apache-2.0 OR ISC)"
    )
    assert joined([]) == ""
    assert joined(f"LicenseRef-{i}" for i in range(10_000)) == ""


EXPRESSIONS = st.recursive(
    st.sampled_from(["MIT", "isc", "GPL-3.0-only", "LicenseRef-x", "Zlib+"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "or"]), inner),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_every_expression_of_the_grammar_is_kept_and_normal_is_normal(text: str) -> None:
    normal = normal_expression(text)

    assert normal.lower() == text.lower()
    assert normal_expression(normal) == normal


@given(st.binary(max_size=200), st.text(alphabet="()+-. \tANDORWITHmit\n#", max_size=80))
def test_no_header_raises(head: bytes, tail: str) -> None:
    header_license(head + b"\n# SPDX-License-Identifier: " + tail.encode())
