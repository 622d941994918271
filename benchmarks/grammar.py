"""What the grammar costs at each token: the time in which xgrammar, vLLM's own, makes the mask.

    python -m benchmarks.grammar MODEL [--tokens N]

MODEL is a folder with a tokenizer, as transformers saves one; xgrammar comes with vLLM. Tokens are
drawn from what a mask allows, all alike. A GPU waits for the slowest mask of its batch, so the most
counts. Beside it stands xgrammar's own grammar of JSON, as what others ask for.
"""

import argparse
import statistics
import time
from random import Random
from typing import Any

import numpy as np
import xgrammar
from transformers import AutoTokenizer

from c2c_stream.records import Parameter
from c2c_stream.write.model.grammar import grammar_of

KIND = "positional_or_keyword"
SIGNATURES = {
    "x": (Parameter("x", KIND),),
    "x, y=None": (Parameter("x", KIND), Parameter("y", KIND, "", "None")),
    "words: list[str], sep: str": (
        Parameter("words", KIND, "list[str]"),
        Parameter("sep", KIND, "str"),
    ),
    "data: bytes": (Parameter("data", KIND, "bytes"),),
    "n: int": (Parameter("n", KIND, "int"),),
    "*values, **names": (Parameter("values", "var_positional"), Parameter("names", "var_keyword")),
}


def masks(grammar: Any, size: int, tokens: int) -> list[float]:
    """Draw so many tokens, from the beginning again at an end; return each mask's milliseconds."""
    mask = xgrammar.allocate_token_bitmask(1, size)
    random, found = Random(1), []
    matcher = xgrammar.GrammarMatcher(grammar)
    for _ in range(tokens):
        begin = time.perf_counter()
        matcher.fill_next_token_bitmask(mask)
        found.append(1e3 * (time.perf_counter() - begin))
        allowed = np.flatnonzero(np.unpackbits(mask[0].numpy().view(np.uint8), bitorder="little"))
        matcher.accept_token(int(random.choice(allowed)))
        if matcher.is_terminated():
            matcher.reset()
    return found


def main() -> None:
    """Print a line for each signature."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=500)
    options = parser.parse_args()
    info = xgrammar.TokenizerInfo.from_huggingface(AutoTokenizer.from_pretrained(options.model))
    compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    print(f"{info.vocab_size} tokens; ms a mask: median, most; ms to compile")
    texts = {name: grammar_of(parameters, 6, 6) for name, parameters in SIGNATURES.items()}
    for name, text in {"JSON": "", **texts}.items():
        begin = time.perf_counter()
        if text:
            grammar = compiler.compile_grammar(text)
        else:
            grammar = compiler.compile_builtin_json_grammar()
        compiled = 1e3 * (time.perf_counter() - begin)
        took = masks(grammar, info.vocab_size, options.tokens)
        print(f"{name:<28}{statistics.median(took):>8.3f}{max(took):>8.2f}{compiled:>8.0f}")


if __name__ == "__main__":
    main()
