"""A module as an order names one: printed text and values handed on. Knows no order."""


def hello():
    print("Good morning")
