"""A module as an order names one: printed text and values handed on. Knows no order."""


def describe(what, things):
    return f"there is {what!r}", len(things)


def show(text, count):
    print(text)
    print(count)


def dump(value):
    print(value)
