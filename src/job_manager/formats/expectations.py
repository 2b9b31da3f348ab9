"""What is expected of outputs when the values of the job's params are put in: is it what the key takes.

Of what is written out the readers of each language take care. Knows no file format and no module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from job_manager.model.errors import NOWHERE, Place, Problem
from job_manager.model.expect import BOUNDS, Expect, Value, meant, misfits, shown, waits
from job_manager.model.job import FILE, Job, Output
from job_manager.model.params import PREFIX
from job_manager.model.survey import survey
from job_manager.model.template import fields, fill


def look_at_expected(job: Job, values: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong with the values that come of params. A param without a value is passed over."""
    filling = {PREFIX + name: text for name, text in values.items()}
    for _, action in survey(job).actions:
        for output in action.outputs:
            if any(waits(value) for _, value in output.expect):
                yield from _look_at(output, filling)


def _look_at(output: Output, filling: Mapping[str, str]) -> Iterator[Problem]:
    known: dict[str, Value] = {}
    for key, value in output.expect:
        if not isinstance(value, str) or not waits(value):
            known[key] = value
        elif all(name in filling for name in fields(value)):
            try:
                known[key] = meant(key, fill(value, filling))
            except ValueError as error:
                yield Problem(expect_place(output, key), str(error), f"it is written {value}")
    yield from _together(output, tuple(known.items()))


def _together(output: Output, expect: Expect) -> Iterator[Problem]:
    written = {key: value for key, value in output.expect if isinstance(value, str) and waits(value)}
    known = dict(expect)
    for low, high in BOUNDS:
        least, most = known.get(low), known.get(high)
        if (
            isinstance(least, int | float)
            and isinstance(most, int | float)
            and least > most
            and {low, high} & {*written}
        ):
            message = (
                f"{low}, {shown(low, least)}, is more than {high}, {shown(high, most)}: nothing is between the two"
            )
            yield Problem(expect_place(output, low if low in written else high), message)
    for misfit in misfits(output.type, expect, output.kind != FILE) if output.type else ():
        if misfit.key in written:  # of the others it has been said
            yield Problem(expect_place(output, misfit.key), misfit.message, misfit.hint)


def expect_place(output: Output, key: str) -> Place:
    """Where what is expected stands."""
    place = output.place or NOWHERE
    return place._replace(path=f"{place.path}.expect.{key}") if place.file else place
