"""The params of a job against the values given for them and the places where they are used, in whatever language.

Knows no command line: a value brings its own place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from job_manager.formats.checks import check
from job_manager.formats.conditions import asks_params, look_at_when
from job_manager.formats.expectations import look_at_expected
from job_manager.formats.reading import Reading
from job_manager.formats.wording import PROBLEM_LIMIT
from job_manager.formats.words import Names, Word, look_at_value, no_param
from job_manager.model.errors import Place, Problem, in_order
from job_manager.model.expand import with_params, words
from job_manager.model.expect import waiting
from job_manager.model.fanout import Each, Spoken, spoken
from job_manager.model.job import FILES, Action, Job, actions
from job_manager.model.params import PREFIX, Given, Param, Values, named
from job_manager.model.record import NamedTuple
from job_manager.model.survey import survey
from job_manager.model.template import mentioned
from job_manager.model.wording import quoted

NO_VALUE = "no value is given for the param"  # begins what is said of a param that has none


class Settled(NamedTuple):
    """A job with the values put in, the canonical text of each, and what is wrong with those that are not."""

    job: Job
    values: dict[str, str]
    problems: list[Problem]


def settle(job: Job, given: Values) -> Settled:
    """The job with each param replaced by the value given for it, else by its default."""
    problems: list[Problem] = []
    declared = named(job.params)
    chosen: dict[str, Given] = {}
    for value in given.given:
        if value.name in declared:
            chosen[value.name] = value
        else:
            problems.append(_unknown(value, declared))
    values: dict[str, str] = {}
    for name, param in declared.items():
        text = _value(param, chosen.get(name), job, given.base, problems)
        if text is not None:
            values[name] = text
    problems += look_at_expected(job, values)
    return Settled(with_params(job, values), values, problems)


def again(job: Job, given: Values, *, loose: bool = False) -> Reading:
    """A job that has been read before, with other values: checked anew, for names are made of them."""
    if not job.params and not given.given:
        return Reading(job)
    settled = settle(job, given)
    problems = tuple(in_order([*settled.problems, *check(settled.job, loose=loose)]))
    return Reading(settled.job, problems, template=job, values=settled.values)


def _unknown(value: Given, declared: dict[str, Param]) -> Problem:
    if value.former:
        text = f"the job has no param {quoted(value.name)} any more; the value given for it is not used"
        return Problem(value.place, text, severity="note")
    message, hint = no_param(value.name, list(declared))
    return Problem(value.place, message, hint if declared else "it has no params at all")


def _value(param: Param, value: Given | None, job: Job, base: str, problems: list[Problem]) -> str | None:
    if value is None and param.default is None:
        hint = f"give one: -p {param.name}=VALUE ({param.kind})"
        place = param.place or Place(job.source, 0, 0)
        problems.append(Problem(place, f"{NO_VALUE} {quoted(param.name)}", hint))
        return None
    try:
        if value is None:
            return param.canonical(param.default or "", base)
        return param.canonical(_expanded(value.text) if param.type == "path" else value.text, value.base)
    except ValueError as error:
        # A default that is none was said where it was read.
        if value is not None:
            problems.append(Problem(value.place, str(error), f"{param.name}: {param.help}" if param.help else ""))
        return None


def _expanded(path: str) -> str:
    # Imported here: few jobs have a param that is a path.
    import os

    return os.path.expanduser(path)


def look_at(job: Job, *, whole: bool = True) -> list[Problem]:
    """What is wrong or odd about `{params.NAME}` in names, variables and params of entries, and params nobody uses.

    Not about those in the words of commands, which were looked at when they were read; they count as used.
    whole: the job could be fully made out; what seems unused is not in some other part.
    """
    problems: list[Problem] = []
    declared = Spoken(PREFIX + param.name for param in job.params)
    used: set[str] = {PREFIX + name for name in asks_params(job)}
    problems += look_at_when(job)
    for place, text, foreach in _texts(job):
        word = Word(text, partial(_say, problems, place))
        used |= look_at_value(word, names_with(declared, foreach))
    for _, action in actions(job) if job.params else ():
        used.update(name for word in words(action) for name in mentioned(word))
    for param in job.params if whole else ():
        if PREFIX + param.name not in used and param.place is not None:
            hint = f'write "{{{PREFIX}{param.name}}}" where its value belongs'
            problems.append(Problem(param.place, f"nothing uses the param {quoted(param.name)}", hint, "warning"))
    return problems


def _say(problems: list[Problem], place: Place | None, severity: str, message: str, hint: str) -> None:
    if place is not None and len(problems) < PROBLEM_LIMIT:
        problems.append(Problem(place, message, hint, severity))


def names_with(declared: Spoken, foreach: tuple[Each, ...]) -> Names:
    """What may stand in braces: the params of the job, and the keys of a fan-out."""
    if not foreach:
        return Names(declared, kinds="param of the job")
    keys = {each.key: each.forms for each in foreach}
    return Names(spoken(foreach) | declared, kinds="param of the job or key of this foreach", keys=keys)


Text = tuple[Place | None, str, tuple[Each, ...]]


def _texts(job: Job) -> Iterator[Text]:
    """Every text in which a param is replaced before the run, with its place and the keys that mean something there."""
    for given in job.inputs:
        if "{" in given.artifact:
            yield _below(given.place, "name"), given.artifact, ()
    for _, action in survey(job).actions:
        yield from _texts_of(action)


def _texts_of(action: Action) -> Iterator[Text]:
    for use in action.inputs:
        # All files of a fan-out are read by the name as it is written there, with its keys in it.
        if PREFIX in use.artifact or ("{" in use.artifact and action.foreach and use.kind != FILES):
            yield _below(use.place, "name"), use.artifact, action.foreach
    for output in action.outputs:
        if "{" in output.artifact:
            yield _below(output.place, "name"), output.artifact, action.foreach
        for key, value in output.expect if output.expect else ():
            yield from ((_below(output.place, f"expect.{key}"), text, ()) for text in waiting(value))
    for each in action.foreach:
        for text in (each.over, *each.values):
            if "{" in text:
                yield each.place, text, ()
    texts = tuple((name, text) for name, text in action.env if isinstance(text, str))
    for key, pairs in (("env", texts), ("params", action.params)):
        for name, text in pairs:
            if "{" in text:
                yield _below(action.place, f"{key}.{name}"), text, action.foreach


def _below(place: Place | None, key: str) -> Place | None:
    return None if place is None else place._replace(path=f"{place.path}.{key}" if place.path else key)
