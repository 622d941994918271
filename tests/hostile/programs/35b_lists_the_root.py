# docker = { kept = ["exception: PermissionError: [Errno 13] Permission denied: '/'"], why = "the root of an image holds more than that of a jail, so it cannot be listed" }
# kept = ["value: []"]

import os

def f(n):
    known = {"etc", "lib", "lib64", "usr", "root", "opt", "home", "nix", "github", "__w"}
    return sorted(set(os.listdir("/")) - known) + sorted(os.environ)
