"""Writes a prompt: a layout drawn once for a function, then filled with its cases. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from c2c_stream.format.choose import VALUE
from c2c_stream.format.fence import fenced
from c2c_stream.format.templates import (
    CASE_HEADERS,
    CASE_STYLES,
    FUNCTION_HEADERS,
    INSTRUCTIONS,
    CaseStyle,
)
from c2c_stream.records import Case, Function, Parameter

HEADER_PROBABILITY = 0.8
NO_ARGUMENTS = "no arguments"
_STARS = {"var_positional": "*", "var_keyword": "**"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How one prompt is laid out; `order` is that of instruction, function header, cases."""

    instruction: str
    case_header: str | None
    function_header: str | None
    style: CaseStyle
    order: tuple[int, int, int]


def draw_layout(rng: Random) -> Layout:
    """Return a layout in which the reader learns the function's name."""
    function_header = _perhaps(rng, FUNCTION_HEADERS)
    styles = [s for s in CASE_STYLES if function_header or s.names_function]
    first, second, third = rng.sample(range(3), 3)
    return Layout(
        instruction=rng.choice(INSTRUCTIONS),
        case_header=_perhaps(rng, CASE_HEADERS),
        function_header=function_header,
        style=rng.choice(styles),
        order=(first, second, third),
    )


def write_prompt(layout: Layout, function: Function, cases: Sequence[Case]) -> str:
    """Return the prompt that shows `cases` of `function`."""
    header = layout.function_header or ""
    parts = (
        layout.instruction,
        header.format(
            name=function.entry_point,
            signature=signature_of(function),
            parameters=", ".join(f"`{p.name}`" for p in function.parameters) or NO_ARGUMENTS,
        ),
        _cases_block(layout, function.entry_point, cases),
    )
    return "\n\n".join(parts[index] for index in layout.order if parts[index])


def signature_of(function: Function) -> str:
    """Return the `def` line of a function, without its colon."""
    shown: list[str] = []
    kinds = [p.kind for p in function.parameters]
    for index, parameter in enumerate(function.parameters):
        if parameter.kind == "keyword_only" and not {"keyword_only", "var_positional"} & set(
            kinds[:index]
        ):
            shown.append("*")
        shown.append(_parameter(parameter))
        if parameter.kind == "positional_only" and "positional_only" not in kinds[index + 1 :]:
            shown.append("/")
    return f"def {function.entry_point}({', '.join(shown)})"


def one_line(text: str) -> str:
    """Return `text` with what would break a line or not print written as an escape."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def _perhaps(rng: Random, choices: Sequence[str]) -> str | None:
    return rng.choice(choices) if rng.random() < HEADER_PROBABILITY else None


def _parameter(parameter: Parameter) -> str:
    text = _STARS.get(parameter.kind, "") + parameter.name
    if parameter.annotation:
        text += f": {parameter.annotation}"
    if parameter.default:
        text += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
    return text


def _cases_block(layout: Layout, name: str, cases: Sequence[Case]) -> str:
    shown = layout.style.separator.join(
        _show(layout.style, name, number, case) for number, case in enumerate(cases, start=1)
    )
    if layout.style.fence is not None:
        shown = fenced(shown, layout.style.fence)
    return f"{layout.case_header}\n{shown}" if layout.case_header else shown


def _show(style: CaseStyle, name: str, number: int, case: Case) -> str:
    template = style.value if case.verdict == VALUE else style.exception
    call = f"{name}({case.arguments})"
    result = one_line(case.result)
    printed = one_line(repr(case.printed))
    prints = style.prints.format(
        printed=printed, printed_json=json.dumps(case.printed, ensure_ascii=False)
    )
    return template.format(
        number=number,
        call=call,
        arguments=case.arguments or NO_ARGUMENTS,
        result=result,
        prints=prints if case.printed else "",
        call_json=json.dumps(call, ensure_ascii=False),
        result_json=json.dumps(result, ensure_ascii=False),
    )
