# kept = ["exception: Silent: <str failed>"]

class Silent(Exception):
    def __str__(self):
        raise self

def f(n):
    raise Silent
