# kept = ["value: ['RuntimeError']"]
# reason = ["exited", "crash", "memory"]
# kept_or_reason = true

def f(n):
    try:
        import _xxsubinterpreters as interpreters
    except ModuleNotFoundError:  # of 3.13
        import _interpreters as interpreters
    inner = interpreters.create()
    try:
        interpreters.run_string(inner, "import os; os._exit(0)")
    except Exception as error:
        return [type(error).__name__]
