"""The `jm` that a shell finds in tests: has the server fork one with the shell's own streams, and ends as it ended.

Imports next to nothing, since that is what it is for. Whatever might tell the two apart makes it the real one by exec.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
from _json import encode_basestring_ascii as quote
from _socket import AF_UNIX, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket

OF_THE_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC_")
USUAL = {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def main(address: str, real: str) -> None:
    """`real` is the installed jm; `address` the name of the server's socket."""
    own, _, path = os.environ["PATH"].partition(":")
    environ = dict(os.environ)
    if own == os.path.dirname(sys.argv[0]):
        environ["PATH"] = path
    if {name: value for name, value in environ.items() if name.startswith(OF_THE_START)} != USUAL:
        os.execve(real, [real, *sys.argv[1:]], environ)
    server = socket(AF_UNIX, SOCK_SEQPACKET)
    server.connect(f"\0{address}")
    listed = ",".join(quote(word) for word in sys.argv[1:])
    pairs = ",".join(f"{quote(name)}:{quote(value)}" for name, value in environ.items())
    place = f'"program":{quote(real)},"cwd":{quote(os.getcwd())},"session":false'
    asked = f'{{{place},"words":[{listed}],"env":{{{pairs}}}}}'
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([asked.encode()], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    pid = int(server.recv(64))
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, lambda number, _: os.kill(pid, number))
    code = os.waitstatus_to_exitcode(int(server.recv(64)))
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
