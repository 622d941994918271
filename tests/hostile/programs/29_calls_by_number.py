# machine = "x86_64"
# kept = ["value: [1]"]

import ctypes

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    # io_uring_setup, clone3, open_tree, pidfd_getfd, userfaultfd, bpf, keyctl, perf, mount, reboot
    numbers = (425, 435, 428, 438, 323, 321, 250, 298, 165, 169, 155, 272, 308, 310, 319, 41)
    return sorted({ctypes.get_errno() for number in numbers if libc.syscall(number, 0, 0, 0) < 0})
