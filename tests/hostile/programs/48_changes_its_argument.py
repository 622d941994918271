# arguments = ["[3]", "[3]"]
# kept = ["value: [3, 1]", "value: [3, 1]"]

def f(items):
    items.append(1)
    return items
