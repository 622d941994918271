"""Draw texts that a grammar accepts: GBNF read as the servers read it, a rule at a time."""

import re
from random import Random
from typing import Any

TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<set>\[(?:\\.|[^\]\\])*\])|(?P<name>[a-z][a-z0-9]*)'
    r"|(?P<times>\{\d+,\d+\})|(?P<sign>[()|?*+]))"
)
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
PLAIN = {"n": "\n", "t": "\t", "r": "\r"}
# What a class that says what it does not hold is drawn from.
STRANGE = "aZ09 _-+.,:;!?()[]{}#%'\"\\\u00e9\u4f60\u0301\u2028\ufeff\U0001f600\x85"
# Of what has no bound.
MANY = 40

Node = tuple[Any, ...]


def rules_of(grammar: str) -> dict[str, Node]:
    """Return the tree of each rule."""
    rules: dict[str, Node] = {}
    for line in filter(None, grammar.splitlines()):
        name, body = line.split(" ::= ")
        assert name not in rules, f"{name} is defined twice"
        rules[name] = _choice(_tokens(body))
    return rules


def drawn(rules: dict[str, Node], random: Random, name: str = "root") -> str:
    """Return one text of a rule."""
    return _drawn(rules[name], rules, random)


def _drawn(node: Node, rules: dict[str, Node], random: Random) -> str:
    match node:
        case ("text", text):
            return str(text)
        case ("one of", characters):
            return str(random.choice(characters))
        case ("rule", name):
            return drawn(rules, random, name)
        case ("choice", *parts):
            return _drawn(random.choice(parts), rules, random)
        case ("all", *parts):
            return "".join(_drawn(part, rules, random) for part in parts)
        case ("times", part, low, high):
            # The bounds themselves must come often: they are where grammars are wrong.
            count = random.choice((low, min(low + 1, high), random.randint(low, high), high))
            return "".join(_drawn(part, rules, random) for _ in range(count))
    raise AssertionError(node)


def _tokens(body: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(body.rstrip()):
        match = TOKEN.match(body, at)
        assert match, f"no GBNF: {body[at:]!r}"
        found.append((match.lastgroup or "", match[match.lastgroup or ""]))
        at = match.end()
    return found[::-1]


def _choice(tokens: list[tuple[str, str]]) -> Node:
    parts = [_sequence(tokens)]
    while tokens and tokens[-1] == ("sign", "|"):
        tokens.pop()
        parts.append(_sequence(tokens))
    return ("choice", *parts) if len(parts) > 1 else parts[0]


def _sequence(tokens: list[tuple[str, str]]) -> Node:
    parts: list[Node] = []
    while tokens and tokens[-1] not in {("sign", "|"), ("sign", ")")}:
        parts.append(_repeated(_atom(tokens), tokens))
    return ("all", *parts)


def _atom(tokens: list[tuple[str, str]]) -> Node:
    kind, text = tokens.pop()
    if kind == "text":
        return ("text", _unescaped(text[1:-1]))
    if kind == "set":
        return ("one of", _characters(text[1:-1]))
    if kind == "name":
        return ("rule", text)
    assert text == "("
    inner = _choice(tokens)
    assert tokens.pop() == ("sign", ")")
    return inner


def _repeated(node: Node, tokens: list[tuple[str, str]]) -> Node:
    if not tokens:
        return node
    match tokens[-1]:
        case ("times", text):
            tokens.pop()
            low, high = map(int, text[1:-1].split(","))
            return ("times", node, low, high)
        case ("sign", "?"):
            tokens.pop()
            return ("times", node, 0, 1)
        case ("sign", "*"):
            tokens.pop()
            return ("times", node, 0, MANY)
    return node


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else PLAIN.get(m[2], m[2]), text)


def _characters(text: str) -> str:
    barred = text.startswith("^")
    parts = re.findall(r"(\\x..|\\.|[^\\])(?:-(\\x..|\\.|[^\\]))?", text[barred:])
    members: set[str] = set()
    for low, high in parts:
        first = _unescaped(low)
        members |= {chr(c) for c in range(ord(first), ord(_unescaped(high) or first) + 1)}
    return "".join(sorted(set(STRANGE) - members if barred else members))
