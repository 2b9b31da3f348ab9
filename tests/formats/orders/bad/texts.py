def describe(what, things):
    return f"there is {what!r}", len(things)


def show(text, count):
    print(text)
    print(count)


def dump(value):
    print(value)
