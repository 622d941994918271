# kept = ["value: 'forged'"]

import importlib.abc
import importlib.machinery
import sys

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self)

    def exec_module(self, module):
        module.loads = lambda text: "forged"

def f(n):
    sys.meta_path.insert(0, Finder())
    sys.path_hooks.insert(0, lambda path: 1 / 0)
    sys.path_importer_cache.clear()
    for name in [name for name in sys.modules if name.startswith(("json", "traceback", "random"))]:
        del sys.modules[name]
    import json
    return json.loads("1")
