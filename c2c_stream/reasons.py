"""Why something is turned down: one closed list for all stages, in flow order.

The value is the code that rejections and metrics carry; the meaning is the rest of a sentence about
the file or the function, printed by the commands.
"""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A reason code."""

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> Self:
        """Make a member: its code, and what the code means."""
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.meaning = meaning
        return reason

    # Ingester: the file.
    NOT_REGULAR_FILE = ("not_regular_file", "it is a link, a submodule, a pipe or a device")
    NOT_READABLE = ("not_readable", "its bytes are missing, broken or may not be read")
    BAD_PATH = ("bad_path", "its path is absolute, too long or climbs out of its source")
    TOO_BIG = ("too_big", "it is larger than ingest.max_file_bytes")
    LFS_POINTER = ("lfs_pointer", "it is a pointer of Git LFS, not the file itself")
    NOT_PYTHON = ("not_python", "its language or its path is not Python's")
    BAD_ROW = ("bad_row", "the row is no JSON object, or holds no text")

    # Collector: the file as a whole.
    TEST_PATH = ("test_path", "the file lies in a test path")
    VENDORED = ("vendored", "the file is a copy of somebody else's")
    GENERATED = ("generated", "the file was written by a program")
    BAD_ENCODING = ("bad_encoding", "the bytes are no text in the encoding that they declare")
    SYNTAX_ERROR = ("syntax_error", "the text is no Python")
    SYNTAX_NEWER = ("syntax_newer", "the syntax is newer than the interpreter that reads it")
    PARSE_LIMIT = ("parse_limit", "reading it took more memory, time or depth than allowed")

    # Collector: its shape.
    METHOD = ("method", "it belongs to a class")
    NESTED = ("nested", "it is defined inside a function")
    CONDITIONAL_DEF = ("conditional_def", "it is defined under a condition")
    REDEFINED = ("redefined", "its name is bound more than once")
    ASYNC = ("async", "it is a coroutine")
    GENERATOR = ("generator", "it yields")
    NO_ARGS = ("no_args", "it takes no arguments")
    STUB = ("stub", "its body is empty or not implemented")
    NO_RETURN = ("no_return", "it returns no value and prints nothing")
    TRIVIAL = ("trivial", "it returns a constant, a parameter, or one call with its parameters")
    TOO_LONG = ("too_long", "it has too many lines")

    # Collector: what it depends on.
    THIRD_PARTY = ("third_party", "it needs a package from outside the standard library")
    SELF_IMPORT = ("self_import", "it needs another module of its repository")
    STAR_IMPORT = ("star_import", "a name that it needs may come from an import *")
    CONDITIONAL_IMPORT = ("conditional_import", "an import that it needs depends on a condition")
    UNRESOLVED_NAME = ("unresolved_name", "a name that it needs is not bound, or not for certain")
    STDLIB_PLATFORM = ("stdlib_platform", "a module that it needs is tied to a platform")
    DEP_ASYNC = ("dep_async", "a helper that it needs is a coroutine")
    CLASS_TOO_LARGE = ("class_too_large", "a class that it needs has too many lines")
    TOO_MANY_DEPS = ("too_many_deps", "it needs too many helpers and constants")
    BUNDLE_TOO_LONG = ("bundle_too_long", "with all that it needs it is too long")

    # Collector: what it touches, itself or by what it depends on.
    IMPURE_FILE = ("impure_file", "it reads or writes files")
    IMPURE_ENV = ("impure_env", "it reads its environment: the platform, the process, the caller")
    IMPURE_GLOBAL_WRITE = ("impure_global_write", "it changes a global variable")
    IMPURE_INPUT = ("impure_input", "it reads what a user types")
    IMPURE_DYNAMIC = ("impure_dynamic", "it runs or finds code that is not in its text")
    IMPURE_PROCESS = ("impure_process", "it starts, ends or locks processes or threads")
    IMPURE_RANDOM = ("impure_random", "it draws random numbers")
    IMPURE_TIME = ("impure_time", "it reads the clock")
    IMPURE_NETWORK = ("impure_network", "it uses the network")

    # Collector: what it is called with.
    FOREIGN_ATTR = ("foreign_attr", "a parameter needs an attribute that no built-in type has")
    CALLABLE_PARAM = ("callable_param", "a parameter is called")

    # Curator.
    DUP_EXACT = ("dup_exact", "the same function, normalised, came before")
    OVER_LIMIT = ("over_limit", "curate.limit candidates were taken before")

    # Writer.
    NO_INPUTS = ("no_inputs", "no input was found that it returns a value for")
    SEARCH_FAILED = ("search_failed", "the search itself failed on it")

    # Writer and executor: what became of running it.
    LOAD_ERROR = ("load_error", "its bundle cannot be loaded")
    STEP_LIMIT = ("step_limit", "its calls take too many steps")
    TIMEOUT_CPU = ("timeout_cpu", "it was stopped at the CPU backstop")
    TIMEOUT_WALL = ("timeout_wall", "it was stopped by the clock: it waits")
    MEMORY = ("memory", "it needs more memory than allowed")
    CRASH = ("crash", "it kills its interpreter")
    EXITED = ("exited", "it leaves its interpreter, or forges its results")
    UNREPRESENTABLE = ("unrepresentable", "its results are no plain values")
    TRUNCATED = ("truncated", "its results are too long")
    NOT_DETERMINISTIC = ("not_deterministic", "no two runs agree, or why they differ is not known")
    DEPENDS_ON_CALLS = ("depends_on_calls", "its calls in another order end in another way")
    DEPENDS_ON_RANDOM = ("depends_on_random", "another seed of random makes a difference")
    DEPENDS_ON_TIME = ("depends_on_time", "the clock, the timezone or the locale does")
    DEPENDS_ON_SET_ORDER = ("depends_on_set_order", "the order of a set is in what it returns")
    DEPENDS_ON_ADDRESS = ("depends_on_address", "a hash or an address is in what it returns")
    BAD_ARGUMENTS = ("bad_arguments", "its inputs are no literals")

    # Formatter.
    TOO_FEW_CASES = ("too_few_cases", "too few of its calls returned a value")
    CONSTANT = ("constant", "all its cases end alike")
    TELLS_ANSWER = ("tells_answer", "its cases spell out its code")
    PROMPT_TOO_LONG = ("prompt_too_long", "its shortest prompt is too long")

    # Any stage.
    RECORD_TOO_BIG = ("record_too_big", "its record is larger than its topic takes")


def meaning_of(code: str) -> str:
    """Return what a code means; nothing for one that only another version knows."""
    return Reason(code).meaning if code in _CODES else ""


_CODES = frozenset(Reason)
