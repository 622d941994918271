# kept = ["value: (1, 0, 65534, 65534, '/', 'jail', 'KeyError', 'PermissionError')"]
# docker = { reason = "not_deterministic", why = "the children of a container share one pid namespace, so each has a pid of its own" }

import os
import pwd
import shutil

def f(n):
    names = []
    for ask in (lambda: pwd.getpwuid(65534), lambda: shutil.disk_usage("/")):
        try:
            ask()
            names.append("told")
        except (KeyError, OSError) as error:
            names.append(type(error).__name__)
    return os.getpid(), os.getppid(), os.getuid(), os.getgid(), os.getcwd(), os.uname().nodename, *names
