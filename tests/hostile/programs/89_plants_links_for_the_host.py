# kept = ["value: ['symlink', 'link', 'mkfifo', 'mknod', 'rename', 'remove', 'mkdir', 'truncate', 'chmod', 'utime', 'setxattr']"]

import os

def f(n):
    here = os.__file__
    tries = {
        "symlink": lambda: os.symlink("/etc/passwd", "/planted"),
        "link": lambda: os.link(here, "/planted"),
        "mkfifo": lambda: os.mkfifo("/planted"),
        "mknod": lambda: os.mknod("/planted", 0o600 | 0o60000, os.makedev(8, 0)),
        "rename": lambda: os.rename(here, "/planted"),
        "remove": lambda: os.remove(here),
        "mkdir": lambda: os.mkdir("/dev/shm/planted"),
        "truncate": lambda: os.truncate(here, 0),
        "chmod": lambda: os.chmod(here, 0o777),
        "utime": lambda: os.utime(here, (0, 0)),
        "setxattr": lambda: os.setxattr(here, "user.planted", b"1"),
    }
    refused = []
    for name, reach in tries.items():
        try:
            reach()
        except OSError:
            refused.append(name)
    return refused
