"""Why the collector turns something down: a closed list, in the order in which rules are asked.

The value is the code that rejections and metrics carry; the meaning is printed by the commands.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code."""

    @property
    def meaning(self) -> str:
        """What the code means, as the rest of a sentence about the function or file."""
        return _MEANINGS[self]

    # The file as a whole.
    TEST_PATH = "test_path"
    VENDORED = "vendored"
    GENERATED = "generated"
    BAD_ENCODING = "bad_encoding"
    SYNTAX_ERROR = "syntax_error"
    SYNTAX_NEWER = "syntax_newer"
    PARSE_LIMIT = "parse_limit"

    # Its shape.
    METHOD = "method"
    NESTED = "nested"
    CONDITIONAL_DEF = "conditional_def"
    REDEFINED = "redefined"
    ASYNC = "async"
    GENERATOR = "generator"
    NO_ARGS = "no_args"
    STUB = "stub"
    NO_RETURN = "no_return"
    TRIVIAL = "trivial"
    TOO_LONG = "too_long"

    # What it depends on.
    THIRD_PARTY = "third_party"
    SELF_IMPORT = "self_import"
    STAR_IMPORT = "star_import"
    CONDITIONAL_IMPORT = "conditional_import"
    UNRESOLVED_NAME = "unresolved_name"
    STDLIB_PLATFORM = "stdlib_platform"
    DEP_ASYNC = "dep_async"
    CLASS_TOO_LARGE = "class_too_large"
    TOO_MANY_DEPS = "too_many_deps"
    BUNDLE_TOO_LONG = "bundle_too_long"

    # What it touches, itself or by what it depends on.
    IMPURE_FILE = "impure_file"
    IMPURE_ENV = "impure_env"
    IMPURE_GLOBAL_WRITE = "impure_global_write"
    IMPURE_INPUT = "impure_input"
    IMPURE_DYNAMIC = "impure_dynamic"
    IMPURE_PROCESS = "impure_process"
    IMPURE_RANDOM = "impure_random"
    IMPURE_TIME = "impure_time"
    IMPURE_NETWORK = "impure_network"

    # What it is called with.
    FOREIGN_ATTR = "foreign_attr"
    CALLABLE_PARAM = "callable_param"


_MEANINGS = {
    Reason.TEST_PATH: "the file lies in a test path",
    Reason.VENDORED: "the file is a copy of somebody else's",
    Reason.GENERATED: "the file was written by a program",
    Reason.BAD_ENCODING: "the bytes are no text in the encoding that they declare",
    Reason.SYNTAX_ERROR: "the text is no Python",
    Reason.SYNTAX_NEWER: "the syntax is newer than the interpreter that reads it",
    Reason.PARSE_LIMIT: "reading it took more memory, time or depth than allowed",
    Reason.METHOD: "it belongs to a class",
    Reason.NESTED: "it is defined inside a function",
    Reason.CONDITIONAL_DEF: "it is defined under a condition",
    Reason.REDEFINED: "its name is bound more than once",
    Reason.ASYNC: "it is a coroutine",
    Reason.GENERATOR: "it yields",
    Reason.NO_ARGS: "it takes no arguments",
    Reason.STUB: "its body is empty or not implemented",
    Reason.NO_RETURN: "it returns no value",
    Reason.TRIVIAL: "it returns a constant, a parameter, or one call with its parameters",
    Reason.TOO_LONG: "it has too many lines",
    Reason.THIRD_PARTY: "it needs a package from outside the standard library",
    Reason.SELF_IMPORT: "it needs another module of its repository",
    Reason.STAR_IMPORT: "a name that it needs may come from an import *",
    Reason.CONDITIONAL_IMPORT: "an import that it needs depends on a condition",
    Reason.UNRESOLVED_NAME: "a name that it needs is not bound, or not for certain",
    Reason.STDLIB_PLATFORM: "a module that it needs is tied to a platform",
    Reason.DEP_ASYNC: "a helper that it needs is a coroutine",
    Reason.CLASS_TOO_LARGE: "a class that it needs has too many lines",
    Reason.TOO_MANY_DEPS: "it needs too many helpers and constants",
    Reason.BUNDLE_TOO_LONG: "with all that it needs it is too long",
    Reason.IMPURE_FILE: "it reads or writes files",
    Reason.IMPURE_ENV: "it reads its environment: the platform, the process, the caller",
    Reason.IMPURE_GLOBAL_WRITE: "it changes a global variable",
    Reason.IMPURE_INPUT: "it reads what a user types",
    Reason.IMPURE_DYNAMIC: "it runs or finds code that is not in its text",
    Reason.IMPURE_PROCESS: "it starts, ends or locks processes or threads",
    Reason.IMPURE_RANDOM: "it draws random numbers",
    Reason.IMPURE_TIME: "it reads the clock",
    Reason.IMPURE_NETWORK: "it uses the network",
    Reason.FOREIGN_ATTR: "a parameter needs an attribute that no built-in type has",
    Reason.CALLABLE_PARAM: "a parameter is called",
}
