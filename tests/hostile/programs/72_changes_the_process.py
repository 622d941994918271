# kept = ["value: ('0.3', 1)"]

import decimal
import gc
import os
import time
import warnings

def f(n):
    decimal.getcontext().prec = 1
    os.environ["TZ"] = "Asia/Tokyo"
    warnings.simplefilter("error")
    gc.disable()
    third = str(decimal.Decimal(1) / 3)
    return third, 1
