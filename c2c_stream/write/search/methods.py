"""What calling a method or a builtin says of its receiver and arguments. Data."""

from c2c_stream.write.search.types import (
    CHANGEABLE,
    CONTAINER,
    INTEGER,
    ITERABLE,
    MAPPING,
    NUMBER,
    OCTETS,
    REAL,
    SEQUENCE,
    TEXT,
    UNIQUE,
    Kind,
    Scores,
)

_REST = -3.0


def _mix(**likes: float) -> Scores:
    named = {Kind[name]: score for name, score in likes.items()}
    return {kind: named.get(kind, _REST) for kind in Kind}


RECEIVERS: dict[str, Scores] = {
    **dict.fromkeys(
        ["split", "rsplit", "strip", "lstrip", "rstrip", "lower", "upper", "startswith", "endswith", "replace", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "isdecimal", "istitle", "isidentifier", "title", "capitalize", "swapcase", "casefold", "format", "encode", "find", "rfind", "rindex", "splitlines", "ljust", "rjust", "zfill", "center", "partition", "rpartition", "translate", "expandtabs", "removeprefix", "removesuffix", "join", "isascii", "isprintable", "format_map"],
        TEXT,
    ),
    **dict.fromkeys(["append", "extend", "insert", "sort", "reverse"], CHANGEABLE),
    **dict.fromkeys(["items", "keys", "values", "setdefault", "popitem", "get", "iteritems", "has_key"], MAPPING),
    **dict.fromkeys(
        ["add", "discard", "union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint", "intersection_update", "difference_update"],
        UNIQUE,
    ),
    **dict.fromkeys(["decode", "hex"], OCTETS),
    **dict.fromkeys(["bit_length", "bit_count", "to_bytes"], INTEGER),
    **dict.fromkeys(["is_integer", "as_integer_ratio"], REAL),
    **dict.fromkeys(["conjugate"], NUMBER),
    "pop": _mix(LIST=2, DICT=0.5, SET=-1),
    "remove": _mix(LIST=2, SET=0.8),
    "clear": _mix(LIST=1, DICT=1, SET=0.5),
    "copy": _mix(LIST=1, DICT=1.2, SET=0.5),
    "update": _mix(DICT=2, SET=0.8),
    "index": _mix(LIST=1.3, STR=1, TUPLE=0.5),
    "count": _mix(LIST=1.2, STR=1.2, TUPLE=0.5),
}
# Methods of a text whose arguments are texts.
TEXT_ARGUMENTS = frozenset(
    ["split", "rsplit", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "find", "rfind", "rindex", "partition", "rpartition", "removeprefix", "removesuffix"]
)
# Methods that return the kind of their receiver.
SAME = frozenset(
    ["copy", "strip", "lstrip", "rstrip", "lower", "upper", "replace", "title", "capitalize", "swapcase", "casefold", "zfill", "ljust", "rjust", "center", "translate", "union", "intersection", "difference", "removeprefix", "removesuffix"]
)
FLAGS = frozenset(
    ["startswith", "endswith", "isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "isdecimal", "istitle", "issubset", "issuperset", "isdisjoint"]
)
# Methods that only make sense on single characters or short texts, when asked of an element.
OF_CHARS = frozenset(["isdigit", "isalpha", "isalnum", "isspace", "isupper", "islower", "isnumeric", "isdecimal"])
SPLITS = frozenset(["split", "rsplit", "splitlines"])

# Builtins and well-known functions -> what their first argument is.
FIRST_ARGUMENT: dict[str, Scores] = {
    "len": CONTAINER,
    "sum": _mix(LIST=2, TUPLE=0.6, SET=0.3),
    "sorted": ITERABLE,
    "enumerate": ITERABLE,
    "reversed": SEQUENCE,
    "iter": ITERABLE,
    "set": ITERABLE,
    "frozenset": ITERABLE,
    "list": ITERABLE,
    "tuple": ITERABLE,
    "any": _mix(LIST=2, TUPLE=0.6, SET=0.2),
    "all": _mix(LIST=2, TUPLE=0.6, SET=0.2),
    "abs": NUMBER,
    "round": REAL,
    "divmod": NUMBER,
    "pow": NUMBER,
    "range": INTEGER,
    "chr": INTEGER,
    "bin": INTEGER,
    "hex": INTEGER,
    "oct": INTEGER,
    "ord": TEXT,
    "eval": TEXT,
    "Counter": ITERABLE,
    "deque": ITERABLE,
    "OrderedDict": MAPPING,
    "defaultdict": {},
    "int": _mix(STR=1.6, FLOAT=0.9, INT=0.9),
    "float": _mix(STR=1.2, FLOAT=1.0, INT=1.0),
    "complex": NUMBER,
    "Decimal": _mix(STR=1, INT=0.7, FLOAT=0.7),
    "Fraction": _mix(INT=1, STR=0.2),
    **dict.fromkeys(
        ["sqrt", "ceil", "floor", "trunc", "log", "log2", "log10", "log1p", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "radians", "degrees", "isnan", "isinf", "isfinite", "fabs", "hypot", "atan2", "sinh", "cosh", "tanh"],
        REAL,
    ),
    **dict.fromkeys(("factorial", "gcd", "isqrt", "comb", "lcm"), INTEGER),
    "dirname": TEXT,
    "basename": TEXT,
    "splitext": TEXT,
    "normpath": TEXT,
    "loads": TEXT,
    "literal_eval": TEXT,
    "urlparse": TEXT,
    "quote": TEXT,
    "unquote": TEXT,
    "escape": TEXT,
    "heapify": CHANGEABLE,
    "heappush": CHANGEABLE,
    "heappop": CHANGEABLE,
    "bisect": SEQUENCE,
    "bisect_left": SEQUENCE,
    "bisect_right": SEQUENCE,
    "insort": CHANGEABLE,
    **dict.fromkeys(
        ("mean", "median", "stdev", "variance", "fsum", "prod"), _mix(LIST=2, TUPLE=0.6)
    ),
    **dict.fromkeys(("permutations", "combinations", "accumulate", "groupby", "cycle"), ITERABLE),
    "chain": ITERABLE,
    "b64encode": OCTETS,
    "hexlify": OCTETS,
    "unhexlify": TEXT,
}
INTEGERS_ALL = frozenset({"range", "gcd", "pow", "divmod", "lcm", "comb"})
NUMBERS_INSIDE = frozenset({"sum", "mean", "median", "stdev", "variance", "fsum", "prod"})
ROLES_OF_CALLS: dict[str, str] = {
    "loads": "json",
    "literal_eval": "json",
    "eval": "expression",
    "urlparse": "url",
    "dirname": "path",
    "basename": "path",
    "splitext": "file",
    "normpath": "path",
    "unhexlify": "hex",
    "ord": "char",
    "factorial": "small",
}
# Calls that yield what their argument holds.
WRAPPERS = frozenset(
    ["list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "deque", "cycle", "accumulate", "Counter"]
)
RETURNS: dict[str, Kind] = {
    "len": Kind.INT,
    "int": Kind.INT,
    "ord": Kind.INT,
    "round": Kind.INT,
    "float": Kind.FLOAT,
    "sqrt": Kind.FLOAT,
    "str": Kind.STR,
    "repr": Kind.STR,
    "chr": Kind.STR,
    "bin": Kind.STR,
    "hex": Kind.STR,
    "input": Kind.STR,
    "dict": Kind.DICT,
    "bool": Kind.BOOL,
    "isinstance": Kind.BOOL,
    "sum": Kind.INT,
    "abs": Kind.INT,
    "join": Kind.STR,
    "format": Kind.STR,
    "lower": Kind.STR,
    "upper": Kind.STR,
    "index": Kind.INT,
    "find": Kind.INT,
    "count": Kind.INT,
}
TYPE_NAMES: dict[str, tuple[Kind, ...]] = {
    "int": (Kind.INT,),
    "float": (Kind.FLOAT,),
    "complex": (Kind.FLOAT,),
    "str": (Kind.STR,),
    "basestring": (Kind.STR,),
    "unicode": (Kind.STR,),
    "bytes": (Kind.BYTES,),
    "bool": (Kind.BOOL,),
    "list": (Kind.LIST,),
    "tuple": (Kind.TUPLE,),
    "dict": (Kind.DICT,),
    "Mapping": (Kind.DICT,),
    "set": (Kind.SET,),
    "frozenset": (Kind.SET,),
    "Iterable": (Kind.LIST, Kind.STR),
    "Sequence": (Kind.LIST, Kind.TUPLE),
    "Number": (Kind.INT, Kind.FLOAT),
}
