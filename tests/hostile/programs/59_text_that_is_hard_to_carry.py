# arguments = ["0", "1"]
# kept = ['''value: '\ud83d\x00\n[-1, "value"]\x1b'''', "exception: ValueError: \\ud83d"]

def f(n):
    if n:
        raise ValueError("\ud83d")
    return "\ud83d\0\n[-1, \"value\"]\x1b"
