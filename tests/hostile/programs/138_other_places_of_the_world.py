# kept = ["value: (['Error', 'Error'], 'C', '1.5', ('Europe', 'Europe'), 0)"]

import locale
import os
import time

def f(n):
    names = []
    for place in ("de_DE.UTF-8", "tr_TR.UTF-8"):
        try:
            locale.setlocale(locale.LC_ALL, place)
            names.append("moved")
        except locale.Error as error:
            names.append(type(error).__name__)
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    return names, locale.setlocale(locale.LC_NUMERIC), f"{1.5:n}", time.tzname, time.timezone
