"""What a person asks of a job that is there: cancel, retry, skip, pause, go on, another priority. One function for all.

The request is judged at once by what the journal says, put down for good, and heard by the holder if there is one.
Knows no rule: the core has them.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable

from job_manager.app.bringing import bring_in
from job_manager.app.callers import HEARD, POKE
from job_manager.app.home import SUPERVISOR, Home
from job_manager.app.inbox import Inbox, request_id
from job_manager.app.looking import Look, look
from job_manager.app.wire import Gone, Peer, connect
from job_manager.core.admit import admit
from job_manager.core.said import Request, RetryActions
from job_manager.model.errors import Refused
from job_manager.model.record import NamedTuple

PATIENCE = 30.0  # seconds in which a holder answers, however busy its disk
STARTING = 2.0  # seconds in which a holder that has just begun can be reached


class Asked(NamedTuple):
    """What has come of a request. `heard`: a holder has taken it up; `supervised`: that is one that runs every job."""

    id: str
    heard: bool
    supervised: bool


def ask(home: Home, word: str, request: Callable[[Look], Request]) -> Asked:
    """Put down what is asked of the job that `word` names. Raises NotFound, Refused, EngineError."""
    found = look(home, word)
    asked: Request = request(found)._replace(request=request_id())
    _judge(found, asked)
    if isinstance(asked, RetryActions) and found.job.finished:
        bring_in(found.layout, found.job.job, found.job.site)  # they were removed with its success
    return put(home, asked)


def _judge(found: Look, request: Request) -> None:
    """Said at once, holder or not. Raises Refused."""
    assert found.farm is not None
    admit(found.farm, request, time.time())


def put(home: Home, request: Request) -> Asked:
    """Put a request down for good, and wait for the holder's word if there is a holder. Raises Refused, EngineError."""
    home.make()
    Inbox(home.inbox).put(request)
    peer = reach(home)
    if peer is None:
        return Asked(request.job, False, False)
    try:
        heard = hears(peer, request.request, POKE, request.request)
    finally:
        peer.close()
    return Asked(request.job, heard, home.holder().get("kind") == SUPERVISOR)


def reach(home: Home) -> Peer | None:
    """A connection to the holder; None where there is none, or it hears nobody."""
    give_up = time.monotonic() + STARTING
    while True:
        peer = connect(home.socket)
        if peer is not None or not home.holder() or time.monotonic() > give_up:
            return peer
        time.sleep(0.02)  # it has the lock, and its socket in a moment


def hears(peer: Peer, request: str, *message: str) -> bool:
    """Say this to the holder; whether it has answered to the request of that id before it ended. Raises Refused."""
    peer.send(*message)
    give_up = time.monotonic() + PATIENCE
    while (left := give_up - time.monotonic()) > 0:
        try:
            messages = peer.receive()
        except Gone:
            return False
        for kind, *fields in messages:
            if kind == HEARD and fields[0] == request:
                if fields[1] is not None:
                    raise Refused(*fields[1])
                return True
        select.select([peer], [], [], left)
    return False
