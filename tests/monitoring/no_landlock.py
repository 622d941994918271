"""Run a command as on a kernel without Landlock: `python no_landlock.py COMMAND ...`."""

import errno
import os
import sys

import pyseccomp

CREATE_RULESET = 444

if __name__ == "__main__":
    kernel = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    kernel.add_rule(pyseccomp.ERRNO(errno.ENOSYS), CREATE_RULESET)
    kernel.load()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # becomes it
