# kept = ["value: ['PermissionError']"]

import socket

def f(n):
    names = set()
    for family in range(1, 46):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
                names.add(family)
            except OSError as error:
                names.add(type(error).__name__)
    try:
        socket.socketpair()
    except OSError as error:
        names.add(type(error).__name__)
    return sorted(names, key=str)
