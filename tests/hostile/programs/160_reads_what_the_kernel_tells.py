# kept = ["value: []"]

def f(n):
    opened = []
    paths = "self/mem self/maps self/environ self/root/etc/passwd self/fd/0 1/mem 1/environ kcore keys sys/kernel/core_pattern sysrq-trigger"
    for path in paths.split():
        for mode in ("rb", "r+b"):
            try:
                open("/proc/" + path, mode).close()
                opened.append((path, mode))
            except OSError:
                pass
    return opened
