# arguments = ["1", "2"]
# kept = ["value: [1]", "value: [2]"]

import builtins
import sys

def f(n):
    def fail(*values, **options):
        raise SystemExit(9)
    for name in ("__import__", "__build_class__", "print", "open", "isinstance", "getattr", "hasattr", "iter", "next", "id", "min", "zip", "BaseException", "MemoryError"):
        setattr(builtins, name, fail)
    sys.excepthook = sys.unraisablehook = sys.displayhook = fail
    sys.stdout = sys.stderr = fail
    return [n]
