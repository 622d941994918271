"""Compile bundles inside the jail, so that another child need only unpack. Standard library only.

What is packed is text, which the host hands on unread. A child that compiles runs no bundle.
"""

import gc
import marshal
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Final

from c2c_stream.code.steps import compile_counted

FILENAME: Final = "<bundle>"
PREPARED: Final = "P"  # how the frame begins that holds what was compiled
MAX_PREPARED_CHARS: Final = 512 * 1024
COMPILE_ERRORS: Final = (SyntaxError, ValueError, RecursionError, MemoryError)

_len = len


def compiled(source: str) -> CodeType:
    """Return the code of a bundle. Raises one of COMPILE_ERRORS."""
    return compile_counted(source, FILENAME)


def packed(code: CodeType) -> str:
    """Return code as text, or nothing where it is too long."""
    text = marshal.dumps(code).hex()
    return text if _len(text) < MAX_PREPARED_CHARS else ""


def unpacked(data: bytes) -> CodeType:
    """Return the code that another child packed; what it may have forged is its own record."""
    code: CodeType = marshal.loads(data)  # noqa: S302
    return code


def prepare_all(sources: Iterable[str], emit: Callable[[str], None]) -> None:
    """Emit a frame for each source: what was compiled, or nothing where its own child must."""
    gc.disable()  # trees hold no cycles; looking through them would be a tenth of the work
    for source in sources:
        emit(PREPARED + _prepared(source))
    gc.enable()


def _prepared(source: str) -> str:
    try:
        code = compiled(source)
    except COMPILE_ERRORS:
        return ""
    # A set has another order when it is unpacked than when it was compiled.
    return "" if _holds_a_set(code) else packed(code)


def _holds_a_set(code: CodeType) -> bool:
    return any(
        type(constant) is frozenset or (type(constant) is CodeType and _holds_a_set(constant))
        for constant in code.co_consts
    )
