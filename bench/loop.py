"""The limit for a supervisor in Python: it starts and waits, and no more. `loop.py LAYERS WIDTH SLOTS PROGRAM`.

It keeps no state, no logs and no order but that of the layers.
"""

import os
import sys


def main(layers: int, width: int, slots: int, program: str) -> None:
    for _ in range(layers):
        for started in range(width):
            if started >= slots:
                wait()
            os.posix_spawn(program, [program], os.environ)
        for _ in range(min(slots, width)):
            wait()


def wait() -> None:
    if os.wait()[1]:
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
