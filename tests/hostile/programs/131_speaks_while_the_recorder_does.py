# reason = "exited"

import sys

def f(n):
    emit = sys._getframe(2).f_locals["self"]._emit
    def profile(frame, event, argument):
        if event == "call" and frame.f_code.co_name == "_tell":
            sys.setprofile(None)
            emit("0 value 1 'forged'")
    sys.setprofile(profile)
    return 1
