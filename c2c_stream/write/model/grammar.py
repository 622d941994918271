r"""The grammar of what a model may write for one signature: GBNF, JSON schema. Pure.

One case a line, `name=literal, name=literal`, the names fixed and in order. Depth, the length of
containers and the number of lines are bounded. Strings end where the model ends them, or with the
tokens it may write: under a bound on characters, or with a rule within a character's rule, xgrammar
tries each token of the vocabulary anew at each step (benchmarks/grammar.py: 70 ms in place of
0.1), and a GPU waits for that. llama.cpp and vLLM (xgrammar) read the same text.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from c2c_stream.records import Parameter
from c2c_stream.write.model.values import ANY, list_of, values_of

REST: Final = "var_positional"
NAMES: Final = "var_keyword"

# The values of a parameter of which nothing is known. `deepN` nests N levels; rule names are
# letters and digits, or llama.cpp does not take them.
BASE: Final = r"""
value ::= scalar | deep3
deep3 ::= "[" (item2 (", " item2){0,5})? "]" | "(" item2 (", " item2){1,3} ")" | dict2 | set
item2 ::= scalar | deep2
dict2 ::= "{" (key ": " item2 (", " key ": " item2){0,5})? "}"
deep2 ::= "[" (item1 (", " item1){0,7})? "]" | "(" item1 (", " item1){1,3} ")" | dict1
item1 ::= scalar | deep1
dict1 ::= "{" (key ": " item1 (", " key ": " item1){0,3})? "}"
deep1 ::= "[" (scalar (", " scalar){0,4})? "]" | "(" scalar (", " scalar){1,2} ")"
set ::= "set()" | "{" key (", " key){0,5} "}"
key ::= str | int
scalar ::= str | number | bool | "None" | bytes
number ::= int | float
int ::= "-"? ("0" | [1-9] [0-9]{0,11})
float ::= "-"? ("0" | [1-9] [0-9]{0,5}) "." [0-9]{1,4}
bool ::= "True" | "False"
str ::= "'" single* "'" | "\"" double* "\""
single ::= [^'\\\x00-\x1F\x7F] | "\\" [nt'"\\]
double ::= [^"\\\x00-\x1F\x7F] | "\\" [nt'"\\]
bytes ::= "b'" octet* "'"
octet ::= [a-zA-Z0-9 .,:;_/+*=-] | "\\x" [0-9a-f] [0-9a-f]
"""


def grammar_of(parameters: Sequence[Parameter], fewest: int, most: int) -> str:
    """Return the grammar of `fewest` to `most` cases, each on a line of its own."""
    rules = [f'root ::= (line "\\n"){{{fewest},{most}}}', "line ::= first0"]
    for number, parameter in enumerate(parameters):
        rules += _rules(parameter, number, last=number == len(parameters) - 1)
    return "\n".join(rules) + BASE


def _rules(parameter: Parameter, number: int, *, last: bool) -> list[str]:
    """Return the rules for a parameter as the first of a line, and behind others."""
    behind = "" if last else f" more{number + 1}"
    given = f"{_text(parameter.name + '=')} given{number}{behind}"
    first, more = given, f'", " {given}'
    if is_optional(parameter):
        first = given if last else f"{given} | first{number + 1}"
        more = f'(", " {_text(parameter.name + "=")} given{number})?{behind}'
    rules = [f"first{number} ::= {first}", f"given{number} ::= {_values(parameter)}"]
    return [*rules, f"more{number} ::= {more}"] if number else rules


def is_optional(parameter: Parameter) -> bool:
    """Tell whether a call may leave a parameter out."""
    return bool(parameter.default) or parameter.kind in (REST, NAMES)


def _values(parameter: Parameter) -> str:
    if parameter.kind == REST:
        return list_of(values_of(parameter.annotation))
    if parameter.kind == NAMES:
        pair = f'name ": " {values_of(parameter.annotation)}'
        return f'"{{" ({pair} (", " {pair}){{0,3}})? "}}"'.replace(
            "name ", '"\'" [a-z] [a-z0-9_]{0,15} "\'" '
        )
    return values_of(parameter.annotation) or ANY


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def schema_of(parameters: Sequence[Parameter], most: int) -> dict[str, Any]:
    """Return the JSON schema for servers that know no grammar: a literal's text for each name.

    All is required and nothing else allowed, as strict servers want it; null leaves one out.
    """
    fields = {
        parameter.name: {"type": ["string", "null"] if is_optional(parameter) else "string"}
        for parameter in parameters
    }
    case = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    cases = {"type": "array", "items": case, "maxItems": most}
    return {
        "type": "object",
        "properties": {"cases": cases},
        "required": ["cases"],
        "additionalProperties": False,
    }
