"""The static rules in their fixed order: each function of a file passes, or fails the first one.

Pure, and hostile input all the way: whoever calls `collect` does so where it may die.
"""

import ast
import hashlib
import warnings
from dataclasses import dataclass, field

from c2c_stream.code.bundle import Bundler, parameters_of
from c2c_stream.code.module import Module
from c2c_stream.code.obstacles import Obstacle, SliceError, SliceLimits
from c2c_stream.code.parse import ParseError, Source, parse
from c2c_stream.code.slice import slice_out
from c2c_stream.collect.impurity import impurity
from c2c_stream.collect.inputs import input_reason
from c2c_stream.collect.shape import Found, functions_in, shape_reason
from c2c_stream.reasons import Reason
from c2c_stream.records import Parameter

# A file with more would not fit into one record of rejections.
MAX_FUNCTIONS = 5000
MAX_NAME_CHARS = 300
MAX_DETAIL_CHARS = 200
# All bundles of one file: a constant that thousands of functions share must not fill the log.
MAX_FILE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a function may be, and how large its bundle."""

    max_lines: int = 100
    slice: SliceLimits = field(default_factory=SliceLimits)


@dataclass(frozen=True, slots=True)
class Collected:
    """A function that passed every rule."""

    function_id: str
    qualified_name: str
    line: int
    end_line: int
    parameters: tuple[Parameter, ...]
    code: str
    imports: tuple[str, ...]
    dependencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TurnedDown:
    """A function that failed a rule; a whole file if it has no name."""

    reason: Reason
    detail: str
    qualified_name: str = ""
    line: int = 0


Judgement = Collected | TurnedDown


class _Rejected(Exception):
    """A rule says no."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def collect(content: bytes, path: str, limits: Limits) -> list[Judgement]:
    """Judge every function of a file; one judgement of the whole where it cannot be parsed."""
    try:
        return _Judge(parse(content), path, limits).judge()
    except ParseError as error:
        return [TurnedDown(Reason(error.reason), error.detail[:MAX_DETAIL_CHARS])]
    except (MemoryError, RecursionError):
        return [TurnedDown(Reason.PARSE_LIMIT, "too deep or too large to analyse")]


class _Judge:
    """The rules over one file."""

    def __init__(self, source: Source, path: str, limits: Limits) -> None:
        own = frozenset(path.removesuffix(".py").split("/"))
        self.source = source
        self.module = Module(source, own)
        self.limits = limits
        self.bundler = Bundler(self.module, limits.slice)
        self.bytes_left = MAX_FILE_BYTES

    def judge(self) -> list[Judgement]:
        found = list(functions_in(self.source.tree))
        if len(found) > MAX_FUNCTIONS:
            detail = f"{len(found)} functions in one file"
            return [TurnedDown(Reason.PARSE_LIMIT, detail)]
        return [self._judge_one(each) for each in found]

    def _judge_one(self, found: Found) -> Judgement:
        name = found.qualified_name
        try:
            return self._collected(found)
        except SliceError as error:
            reason, detail = Reason(error.obstacle.reason), error.obstacle.detail
        except _Rejected as error:
            reason, detail = error.reason, error.detail
        return TurnedDown(reason, detail[:MAX_DETAIL_CHARS], _shortened(name), found.node.lineno)

    def _collected(self, found: Found) -> Collected:
        self._refuse((found.place, "") if found.place is not None else None)
        self._refuse(shape_reason(self.module, found, self.limits.max_lines))
        if len(found.qualified_name) > MAX_NAME_CHARS:
            raise _Rejected(Reason.TOO_LONG, f"a name of {len(found.qualified_name)} characters")
        cut = slice_out(self.module, found.index, self.limits.slice)
        self._refuse(impurity(self.module, cut))
        self._refuse(input_reason(self.module.names(found.index)))
        bundle = self.bundler.bundle(cut, found.node.name)
        self._account(bundle.code)
        _check_compiles(bundle.code)
        return Collected(
            bundle.function_id,
            found.qualified_name,
            found.node.lineno,
            found.node.end_lineno or found.node.lineno,
            tuple(self._parameters(found)),
            bundle.code,
            cut.modules,
            cut.dependencies,
        )

    def _refuse(self, judged: tuple[Reason, str] | None) -> None:
        if judged is not None:
            raise _Rejected(*judged)

    def _account(self, code: str) -> None:
        self.bytes_left -= len(code)
        if self.bytes_left < 0:
            detail = f"the bundles of this file together exceed {MAX_FILE_BYTES} bytes"
            raise SliceError(Obstacle("bundle_too_long", detail))

    def _parameters(self, found: Found) -> list[Parameter]:
        return [
            Parameter(arg.arg, kind, self._text(arg.annotation), self._text(default))
            for arg, kind, default in parameters_of(found.node)
        ]

    def _text(self, node: ast.expr | None) -> str:
        """Return an expression's text so that it can be read alone."""
        text = "" if node is None else self.source.text(node)
        return f"({text})" if "\n" in text else text


def _check_compiles(code: str) -> None:
    """Refuse what parses but does not compile, as a parameter that is named twice."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<bundle>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise _Rejected(Reason.SYNTAX_ERROR, str(error)) from error
    except (MemoryError, RecursionError) as error:
        raise _Rejected(Reason.PARSE_LIMIT, "too deep or too large to compile") from error


def _shortened(name: str) -> str:
    """Return a name that fits into a rejection, different for different names."""
    if len(name) <= MAX_NAME_CHARS:
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{name[:MAX_NAME_CHARS]}~{digest}"
