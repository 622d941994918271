# arguments = ["0", "1", "2", "3"]
# reason = "depends_on_time"

import os
import random
import time
import uuid

def f(n):
    return (random.random, lambda: id(os), time.time_ns, lambda: uuid.uuid4().hex)[n]()
