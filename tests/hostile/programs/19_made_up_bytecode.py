# reason = ["crash", "timeout_cpu", "timeout_wall", "exited"]

import types

def f(n):
    code = (lambda: 0).__code__.replace(co_code=bytes([100, 255, 83, 0]), co_consts=())
    return types.FunctionType(code, {})()
