"""What a model is asked: constant instructions and examples first, the function last. Pure.

Whatever is constant stands first, so that a server computes it once for all functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from c2c_stream.errors import SettingsError
from c2c_stream.records import Function, content_hash

VERSION: Final = "1"  # other words are another version
SEPARATOR: Final = "%%"
MAX_FOUND: Final = 6  # inputs that are shown as known; more would cost more than they tell
_MAX_FOUND_CHARS: Final = 600

_CONSTANT: Final = '''\
You write inputs for Python functions. You see one function at a time and write calls of it that \
show what it does, so that somebody who sees only the calls and their results can tell how it works.

Write one call on each line, as `name=value, name=value`, and nothing else.
- A value is a plain literal: a number, a text in quotes, True, False, None, or a list, tuple, \
dict or set of them. Names, calls, arithmetic and comprehensions are not.
- Use the parameters' own names, in order. A parameter that has a default may be left out.
- `*rest` is written as rest=[...], `**more` as more={...}.
- Most calls should succeed. Give what real users of the function would: real words, plausible \
numbers, records with the fields that the code reads.
- Let the calls differ in kind: the usual one, the smallest one, an empty one, a long one, \
repeated and unsorted elements, negative numbers, and one for each side of each condition in the \
code.
- Keep each line short.

### Function
def shorten(text, width=10, mark="..."):
    """Cut a text to a width."""
    if width < len(mark):
        raise ValueError("too narrow")
    return text if len(text) <= width else text[: width - len(mark)] + mark

### Inputs
text='a walk in the park'
text='tea', width=10
text='Lisbon and Porto', width=9, mark='~'
text='', width=3
text='abcdefghij', width=10
text='weather report', width=2

### Function
def totals(orders, *, minimum=0):
    sums = {}
    for order in orders:
        if order["amount"] >= minimum:
            sums[order["customer"]] = sums.get(order["customer"], 0) + order["amount"]
    return sorted(sums.items())

### Inputs
orders=[{'customer': 'Mara', 'amount': 30}, {'customer': 'Ito', 'amount': 12}]
orders=[{'customer': 'Mara', 'amount': 5}, {'customer': 'Mara', 'amount': 7}], minimum=6
orders=[]
orders=[{'customer': 'Ito', 'amount': -4}], minimum=-10

'''
_FUNCTION: Final = """\
### Function
$code

### Inputs$found
"""
_KNOWN: Final = " (these are known, write others: $inputs)"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt: what all functions share, and what is this one's."""

    constant: str
    own: str


class Prompts:
    """Makes prompts from a template. `version` names its words."""

    def __init__(self, file: Path | None = None) -> None:
        """Read the template of a file, else take ours. Raises SettingsError."""
        constant, own, self.version = (_CONSTANT, _FUNCTION, VERSION)
        if file is not None:
            constant, own = _read(file)
            self.version = f"file-{content_hash(constant, own)[:8]}"
        self._constant = constant
        self._own = Template(own)

    def of(self, function: Function, count: int, found: Sequence[str] = ()) -> Prompt:
        """Ask for up to `count` inputs of a function, unlike those `found` by the search."""
        own = self._own.safe_substitute(
            code=function.code.strip("\n"),
            name=function.entry_point,
            count=count,
            found=_known(found),
        )
        return Prompt(self._constant, own)


def _known(found: Sequence[str]) -> str:
    """Return the words that name some known inputs, the short ones; none where none is known."""
    shown: list[str] = []
    for text in sorted(found[: 4 * MAX_FOUND], key=len)[:MAX_FOUND]:
        if len(text) + sum(map(len, shown)) <= _MAX_FOUND_CHARS:
            shown.append(text)
    return Template(_KNOWN).substitute(inputs="; ".join(shown)) if shown else ""


def _read(file: Path) -> tuple[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"model.prompt_file: {file} cannot be read: {why}") from error
    constant, separator, own = text.partition(f"\n{SEPARATOR}\n")
    if not separator or "$code" not in own:
        raise SettingsError(
            f"model.prompt_file: {file}: write what all functions share, a line {SEPARATOR!r}, and"
            f" what is each function's own, with $code in it ($name, $count and $found may be)"
        )
    return constant + "\n", own
