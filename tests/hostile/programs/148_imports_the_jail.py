# kept = ["value: ['ModuleNotFoundError', 'ModuleNotFoundError', 'PermissionError', 'PermissionError']"]

import sys

def f(n):
    names = []
    linux = sys.modules["c2c_stream.sandbox.linux"]
    tries = (
        lambda: __import__("c2c_stream.sandbox.pool"),
        lambda: __import__("c2c_stream.broker"),
        lambda: linux.unshare(0x20000000),
        lambda: linux.mount("none", "/", "tmpfs", 0),
    )
    for reach in tries:
        try:
            reach()
            names.append("reached")
        except (ImportError, OSError) as error:
            names.append(type(error).__name__)
    return names
