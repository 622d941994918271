"""What a prompt may say, as data: instructions, headers, and the ways to show a case.

Every sentence stands in any order among the parts, so none says "above" or "below". Names in braces
are filled in by prompt.py; a new line here changes the prompts of a new run only.
"""

from dataclasses import dataclass

INSTRUCTIONS: tuple[str, ...] = (
    "Write a Python function that does what these calls show.",
    "Work out the rule behind the recorded calls and implement it in Python.",
    "The source of a Python function is lost; only some of its calls were logged. Rewrite it.",
    "Reconstruct the function from its observed behaviour.",
    "You see what a function was given and what it gave back. Provide an implementation.",
    "Which function behaves like this? Answer with its Python code.",
    "Find the program: your code must reproduce every call that is listed.",
    "Infer the function and write it out in full, with everything it needs to run alone.",
    "Treat the listed calls as a specification and satisfy it in Python.",
    "Implement a function that agrees with these observations and carries over to new arguments.",
    "Each call was really executed. Write code that would have produced the same record.",
    "Study how the results depend on the arguments, then write that dependency as Python.",
    "Your task is to recover a function from examples of its use.",
    "A black box was probed and its answers noted. Open the box: write its code.",
    "Complete the missing implementation; the calls say how it has to behave.",
    "Generalise from these calls to a Python function. Do not hard-code the listed results.",
    "Give Python source for a function consistent with the evidence.",
    "Someone deleted the body of this function. Bring it back from the calls that were kept.",
    "Derive the algorithm that links arguments and results, and code it in Python.",
    "Here is a programming puzzle: the calls are known, the function is not. Solve it.",
    "Produce a Python implementation that passes the listed calls and further ones like them.",
    "Read the calls as test cases written before the code. Now write the code.",
    "What computation explains this behaviour? Express it as one self-contained Python module.",
    "Reverse-engineer the function and return its source in a Python code block.",
    "Turn the following kind of evidence, calls and their outcomes, into working Python.",
    "Look for the simplest function that explains all of the outcomes, and implement it.",
    "We kept the calls but not the code. Please write the code again.",
    "Write the function that would produce this record again, call by call.",
    "Program by example: from these calls to a general Python function.",
    "Deduce what is computed, including what happens in corner cases, and write it in Python.",
)

CASE_HEADERS: tuple[str, ...] = (
    "Calls:",
    "Recorded calls:",
    "What was observed:",
    "Some calls and what came of them:",
    "The record:",
    "Examples of its use:",
    "Behaviour:",
    "Known cases:",
    "Cases:",
    "Log of calls:",
    "This is what the interpreter reported:",
    "Measured behaviour:",
    "Arguments and outcomes:",
    "Evidence:",
    "Sample runs:",
    "A few runs of the function:",
    "Outcomes that your code must reproduce:",
    "Tests to pass:",
    "Observed in a real run:",
    "The function was called like this:",
    "Trace:",
    "Given these calls:",
)

FUNCTION_HEADERS: tuple[str, ...] = (
    "The function is called `{name}`.",
    "Name: {name}",
    "Signature: `{signature}`",
    "It is defined as `{signature}`.",
    "`{name}` takes {parameters}.",
    "Function `{name}`, parameters: {parameters}",
    "Start from this line:\n```python\n{signature}:\n```",
    "Entry point: {name}\nParameters: {parameters}",
    "Define `{name}` so that it can be called with {parameters}.",
    "Keep this interface: `{signature}`",
)


@dataclass(frozen=True, slots=True)
class CaseStyle:
    """One way to show a case; `fence` is the info string of a code block around all of them.

    `prints` stands where the others have {prints}, for a call that printed something.
    """

    value: str
    exception: str
    prints: str
    separator: str = "\n"
    fence: str | None = None

    @property
    def names_function(self) -> bool:
        """Tell whether a reader of the cases learns what the function is called."""
        return "{call" in self.value


CASE_STYLES: tuple[CaseStyle, ...] = (
    CaseStyle(
        "{call} -> {result}{prints}", "{call} raises {result}{prints}", " and prints {printed}"
    ),
    CaseStyle(
        ">>> {call}{prints}\n{result}",
        ">>> {call}{prints}\nTraceback (most recent call last):\n    ...\n{result}",
        "  # prints {printed}",
        fence="pycon",
    ),
    CaseStyle(
        "{call}  # {result}{prints}",
        "{call}  # raises {result}{prints}",
        ", prints {printed}",
        fence="python",
    ),
    CaseStyle(
        "Input: {arguments}{prints}\nOutput: {result}",
        "Input: {arguments}{prints}\nError: {result}",
        "\nPrinted: {printed}",
        "\n\n",
    ),
    CaseStyle(
        "Case {number}\n  call: {call}\n  value: {result}{prints}",
        "Case {number}\n  call: {call}\n  exception: {result}{prints}",
        "\n  printed: {printed}",
    ),
    CaseStyle(
        "{number}. {call} gives {result}{prints}",
        "{number}. {call} fails with {result}{prints}",
        ", printing {printed}",
    ),
    CaseStyle(
        '{{"call": {call_json}, "value": {result_json}{prints}}}',
        '{{"call": {call_json}, "exception": {result_json}{prints}}}',
        ', "printed": {printed_json}',
        fence="json",
    ),
    CaseStyle(
        "- arguments: {arguments}\n  returns: {result}{prints}",
        "- arguments: {arguments}\n  raises: {result}{prints}",
        "\n  prints: {printed}",
    ),
    CaseStyle(
        "{call} == {result}{prints}",
        "{call} !! {result}{prints}",
        " (stdout {printed})",
        fence="text",
    ),
    CaseStyle(
        "Given {arguments} it returns {result}{prints}",
        "Given {arguments} it raises {result}{prints}",
        " after it has printed {printed}",
    ),
    CaseStyle(
        "In [{number}]: {call}{prints}\nOut[{number}]: {result}",
        "In [{number}]: {call}{prints}\n{result}",
        "  # stdout: {printed}",
        "\n\n",
        fence="text",
    ),
    CaseStyle(
        "<case>\n<arguments>{arguments}</arguments>\n<returns>{result}</returns>{prints}\n</case>",
        "<case>\n<arguments>{arguments}</arguments>\n<raises>{result}</raises>{prints}\n</case>",
        "\n<prints>{printed}</prints>",
    ),
    CaseStyle(
        "{arguments} => {result}{prints}",
        "{arguments} => error {result}{prints}",
        "; printed: {printed}",
        fence="text",
    ),
    CaseStyle(
        "result = {call}\n# result is {result}{prints}",
        "{call}\n# {result}{prints}",
        "\n# printed: {printed}",
        "\n\n",
        fence="python",
    ),
    CaseStyle(
        "Call {number}: {call}{prints}\nReturned: {result}",
        "Call {number}: {call}{prints}\nRaised: {result}",
        "\nPrinted: {printed}",
        "\n\n",
    ),
)
