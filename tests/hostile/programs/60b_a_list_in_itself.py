# arguments = ["0", "1"]
# reason = "unrepresentable"

def f(n):
    items, table = [], {}
    items.append(items)
    table[0] = table
    return (items, table)[n]
