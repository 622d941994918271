# kept = ["value: ['PermissionError', 'PermissionError', 'PermissionError']"]

import os
import subprocess

def f(n):
    names = []
    tries = (
        lambda: subprocess.run(["/bin/true"]),
        lambda: os.execv("/bin/true", ["true"]),
        lambda: os.system("true") and os.fork(),
    )
    for reach in tries:
        try:
            reach()
        except OSError as error:
            names.append(type(error).__name__)
    return names
