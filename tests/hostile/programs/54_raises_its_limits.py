# kept = ["value: ['ValueError', 'ValueError', 'ValueError']"]

import resource

def f(n):
    names = []
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (ValueError, OSError) as error:
            names.append(type(error).__name__)
    return names
