# kept = ["exception: StopIteration"]

def f(n):
    globals()["__c2c_ticks__"][0] = iter([])
    for _ in range(10):
        pass
    return 0
