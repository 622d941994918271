"""Which functions may share a child for their second run. Pure.

A function that could get hold of another has to say so in its text: it imports more than plain
modules, asks for a frame, for `__globals__`, for a name made up at run time. One that does runs
alone. It makes it hard to forge what a mate gives, not impossible: what then, stage.py says.
"""

import re
import unicodedata
from typing import Final

from c2c_stream.execute.compare import Run
from c2c_stream.sandbox import Ended, Reply
from c2c_stream.sandbox.pool import WALL_FACTOR
from c2c_stream.sandbox.protocol import FRAMES_BYTES, REQUEST_BYTES

BATCH: Final = 16  # functions in a child: with these its own cost is a tenth of theirs
_BYTES_PER_CHAR: Final = 5  # of what stands in a request or in a reply, at most
# Of these a function gets values, and nothing of the interpreter.
_PLAIN_MODULES: Final = frozenset(
    """
    __future__ _bz2 abc array base64 binascii bisect calendar cmath codecs collections copy csv
    dataclasses datetime decimal difflib email enum errno fnmatch fractions functools genericpath
    hashlib heapq html io itertools json keyword math numbers operator os posixpath quopri random re
    reprlib statistics string stringprep struct textwrap time token types typing unicodedata urllib
    warnings zlib
    """.split()  # noqa: SIM905  # as text it is read at a glance
)
# By these it may get hold of a frame, the process, or a name made up at run time.
_REACHING: Final = frozenset(
    """
    sys _sys _os builtins _thread _weakref _signal _imp ctypes inspect gc modules meta_path
    getattr setattr delattr eval exec globals locals vars breakpoint open attrgetter methodcaller
    get_field get_type_hints ForwardRef _exit abort environ kill putenv
    gi_frame cr_frame ag_frame tb_frame f_back f_locals f_globals f_builtins
    """.split()  # noqa: SIM905  # the same
)
# All other names of this kind may lead anywhere.
_PLAIN_DUNDERS: Final = frozenset(
    f"__{name}__"
    for name in """
    abs add all and bool bytes call contains copy deepcopy doc enter eq exit file float
    floordiv format future ge getitem gt hash iadd index init int invert isub iter le len lt main
    matmul missing mod mul name ne neg new next or pos post_init pow qualname radd rand repr
    reversed rfloordiv rmod rmul ror round rsub rtruediv setitem slots str sub truediv version xor
    """.split()  # noqa: SIM905  # the same
)
_WORD: Final = re.compile(r"\w+")
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+)?import[ \t]+(.*)", re.MULTILINE
)


def keeps_to_itself(code: str) -> bool:
    """Tell whether nothing in the text of a bundle reaches for what it shares with others."""
    if not code.isascii():
        code = unicodedata.normalize("NFKC", code)  # as the parser does with names
    words = _WORD.findall(code)
    distinct = set(words)
    return (
        distinct.isdisjoint(_REACHING)
        and all(word in _PLAIN_DUNDERS for word in distinct if word.startswith("__"))
        and ("compile" not in distinct or words.count("compile") == code.count("re.compile("))
        and ("import" not in distinct or _imports_plainly(code, words.count("import")))
    )


def _imports_plainly(code: str, imports: int) -> bool:
    found = _IMPORT.findall(code)
    if len(found) != imports:
        return False  # somewhere else on a line: perhaps only in a text, but perhaps not
    return all(_is_plain(package, names) for package, names in found)


def _is_plain(package: str, names: str) -> bool:
    modules = [package] if package else [name.strip().split(".")[0] for name in names.split(",")]
    return all(module.split(" ")[0] in _PLAIN_MODULES for module in modules)


def fits_into_a_batch(
    reply: Reply, run: Run, asked_chars: int, cpu_ms: int, memory_bytes: int
) -> bool:
    """Tell whether the first run took but a share of what one child may take, of anything."""
    told_chars = sum([len(call.text) for call in run.calls.values()])
    return (
        reply.ended is Ended.DONE
        and reply.cpu_ms * BATCH <= cpu_ms
        and reply.wall_ms * BATCH <= cpu_ms * WALL_FACTOR
        and reply.max_rss_bytes * BATCH <= memory_bytes
        and asked_chars * _BYTES_PER_CHAR * BATCH <= REQUEST_BYTES
        and told_chars * _BYTES_PER_CHAR * BATCH <= FRAMES_BYTES
    )
