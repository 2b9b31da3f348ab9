"""The limit for a supervisor in Python: it starts and waits, and no more. `loop.py SLOTS WIDTH,WIDTH,... PROGRAM ...`

As limit.c, which it stands in for where there is no C compiler: no state, no logs, no order but that of the layers.
"""

import os
import sys


def main(slots: int, widths: list[int], argv: list[str]) -> None:
    varies = any(word.endswith("%") for word in argv)
    for layer, width in enumerate(widths):
        for number in range(width):
            if number >= slots:
                wait()
            own = [named(word, f"a{layer}.{number}") for word in argv] if varies else argv
            os.posix_spawn(own[0], own, os.environ)
        for _ in range(min(slots, width)):
            wait()


def named(word: str, name: str) -> str:
    return word[:-1] + name if word.endswith("%") else word


def wait() -> None:
    if os.wait()[1]:
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(width) for width in sys.argv[2].split(",")], sys.argv[3:])
