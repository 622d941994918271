# kept = ["value: (b'ab', 'ab')"]

import codecs

class Lies(codecs.Codec):
    pass

def search(name):
    return codecs.CodecInfo(lambda text, errors="": (b"forged", len(text)), lambda data, errors="": ("forged", len(data)), name="utf-8")

def f(n):
    codecs.register(search)
    return "ab".encode("utf-8"), b"ab".decode("utf-8")
