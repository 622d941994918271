# kept = ["value: [1, 'OperationalError', 'OperationalError', 'OperationalError']"]

import sqlite3

def f(n):
    memory = sqlite3.connect(":memory:")
    found = [memory.execute("select 1").fetchone()[0]]
    tries = (
        lambda: sqlite3.connect("/tmp/planted.db").execute("create table t (x)"),
        lambda: memory.execute("attach '/dev/shm/planted.db' as other"),
        lambda: memory.execute("select load_extension('/lib/evil.so')"),
    )
    for reach in tries:
        try:
            reach()
            found.append("reached")
        except sqlite3.Error as error:
            found.append(type(error).__name__)
    return found
