# kept = ["exception: RuntimeError: from the hook"]

import sys

def hook(event, arguments):
    if event == "open":
        while True:
            raise RuntimeError("from the hook")

sys.addaudithook(hook)

def f(n):
    return open("/nowhere")
