# kept = ["value: ['RuntimeError']"]
# reason = ["exited", "crash", "memory"]
# kept_or_reason = true

def f(n):
    import _xxsubinterpreters
    inner = _xxsubinterpreters.create()
    try:
        _xxsubinterpreters.run_string(inner, "import os; os._exit(0)")
    except Exception as error:
        return [type(error).__name__]
