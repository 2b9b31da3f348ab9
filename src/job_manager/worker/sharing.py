"""Which attempts have got which secrets: handed out when an attempt is prepared, remembered until its end is committed.

Costs nothing where no job takes any: what knows values is imported with the first. Writes nothing down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from job_manager.core.said import AttemptEnded
from job_manager.model.errors import EngineError, InputError
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.secret import secrets_of
from job_manager.worker.attempt import Unfit, conceal, conclude, prepare
from job_manager.worker.brief import NO_SECRETS, Brief
from job_manager.worker.growing import Grown
from job_manager.worker.keeper_link import ExitRecord, Order
from job_manager.worker.layout import Layout

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps
    from job_manager.worker.hiding import Share


class Shares:
    """`directory` has the file of secrets."""

    def __init__(self) -> None:
        self.directory = ""
        self._given: dict[str, Share] = {}

    def prepare(self, token: str, brief: Brief, layout: Layout, worker: str, now: float) -> Order:
        """As attempt.prepare, with the secrets that the attempt takes. Raises Unfit."""
        return prepare(brief, layout, worker, now, self._hand_out(token, brief))

    def _hand_out(self, token: str, brief: Brief) -> Mapping[str, str]:
        if not secrets_of(brief.action.env):
            return NO_SECRETS
        from job_manager.worker.hiding import given

        try:
            share = given(brief.action.env, self.directory)
        except (EngineError, InputError) as cause:
            raise Unfit("spawn", str(cause).partition("\n")[0]) from cause
        self._given[token] = share
        return share.values

    def conclude(
        self,
        token: str,
        brief: Brief,
        record: ExitRecord,
        layout: Layout,
        worker: str,
        grow: Callable[[str], Grown] | None = None,
        said: str = "",
    ) -> Steps[AttemptEnded]:
        """As attempt.conclude, without the secrets that the attempt has got."""
        return conclude(brief, record, layout, worker, grow, said, self._of(token, brief))

    def conceal(self, token: str, brief: Brief, layout: Layout) -> None:
        """Of an attempt that is lost: nothing it has written for us shows a secret."""
        conceal(brief, layout, self._of(token, brief))

    def _of(self, token: str, brief: Brief) -> Share | None:
        """What an attempt has got, or what can be known of that now; None when it takes no secrets."""
        if not secrets_of(brief.action.env):
            return None
        from job_manager.worker.hiding import known_now

        return self._given.get(token) or known_now(brief.action.env, self.directory)

    def forget(self, tokens: Iterable[str]) -> None:
        """The ends of these attempts are committed."""
        for token in tokens if self._given else ():
            self._given.pop(token, None)
