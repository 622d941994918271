# kept = ["value: [True, True, True, 'PermissionError', 'PermissionError']"]

import os

def f(n):
    here = os.stat("/")
    same = [os.path.samestat(here, os.stat(path)) for path in ("/..", "/" + "../" * 50, ".")]
    for leave in (lambda: os.chroot("/"), lambda: os.fchdir(os.open("/", os.O_PATH))):
        try:
            leave()
            same.append("left")
        except OSError as error:
            same.append(type(error).__name__)
    return same
