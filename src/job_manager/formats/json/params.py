"""Params of a job and the keys of a fan-out in our JSON form.

Knows nothing of the values that will be given.
"""

from __future__ import annotations

from collections.abc import Iterator

from job_manager.formats.job_yaml.foreach import RESERVED
from job_manager.formats.json.fields import Strict
from job_manager.formats.wording import suggestion
from job_manager.formats.yaml_tree import At, Seq
from job_manager.model.errors import Place
from job_manager.model.fanout import MOST, RANGE, Each
from job_manager.model.names import param_name
from job_manager.model.params import NUMBERS, TYPES, Param, number
from job_manager.model.wording import quoted

PARAM_KEYS = ("name", "type", "default", "help", "low", "high", "choices")
EACH_KEYS = ("key", "values", "over", "chunk")
PARAM_MEANT = {"range": 'write "low" and "high"', "min": 'did you mean "low"?', "max": 'did you mean "high"?'}


def read_params(fields: Strict) -> tuple[Param, ...]:
    """The params of the job."""
    taken: dict[str, Param] = {}
    for _, value, at, path in fields.items("params"):
        inner = fields.reader.fields(value, at, path, PARAM_KEYS, ("name",), PARAM_MEANT)
        if not isinstance(inner, Strict):
            continue
        param = _param(inner, Place(fields.reader.file, *at, path))
        first = taken.setdefault(param.name, param)
        if first is not param and first.place is not None and param.name:
            where = f"{first.place.line}:{first.place.column}"
            inner.wrong("name", f"the param {quoted(param.name)} is repeated; it is first named at {where}")
    return tuple(taken.values())


def _param(fields: Strict, place: Place) -> Param:
    name = fields.text("name") or ""
    reason = param_name(name) if fields.text("name") is not None else None
    if reason:
        fields.wrong("name", reason)
    kind = _type(fields)
    low, high = (_bound(fields, key, kind) for key in ("low", "high"))
    if low is not None and high is not None and low > high:
        fields.wrong("low", "the range ends before it begins", '"low" is at most "high"')
        low = high = None
    help = " ".join((fields.text("help") or "").split())
    param = Param(name, kind, None, help, low, high, _choices(fields, kind), place)
    return _with_default(fields, param)


def _type(fields: Strict) -> str:
    kind = fields.text("type")
    if kind is None or kind in TYPES:
        return kind or "str"
    hint = suggestion(kind, TYPES) or f"the types: {', '.join(TYPES)}"
    fields.wrong("type", f"there is no type {quoted(kind)} of params", hint)
    return "str"


def _bound(fields: Strict, key: str, kind: str) -> float | None:
    bound = fields.number(key)
    if bound is None:
        return None
    if kind not in NUMBERS:
        fields.wrong(key, f"only a number has a range, and this param is of type {kind}")
        return None
    try:
        return float(Param("", kind).canonical(number(bound)))
    except ValueError as error:
        fields.wrong(key, str(error))
        return None


def _choices(fields: Strict, kind: str) -> tuple[str, ...]:
    listed = fields.texts("choices")
    if kind != "choice":
        if listed is not None:
            fields.wrong("choices", f"only a param of type choice has choices, and this one is of type {kind}")
        return ()
    if not listed and not fields.map.get("choices"):
        key = "choices" if "choices" in fields.map else "type"
        fields.wrong(key, "a choice needs something to choose from", '"choices": ["one", "another"]')
    taken: dict[str, At] = {}
    for n, (text, at) in enumerate(listed or ()):
        if text in taken:
            fields.reader.error(at, f"{fields.path_of('choices')}[{n}]", f"the choice {quoted(text)} is repeated")
        taken.setdefault(text, at)
    return tuple(taken)


def _with_default(fields: Strict, param: Param) -> Param:
    default = fields.text("default")
    if default is None or (param.type == "choice" and not param.choices):
        return param
    try:
        canonical = param.canonical(default)
    except ValueError as error:
        fields.wrong("default", str(error))
        canonical = default
    # A path is made absolute when it is used: the folder it counts from is no part of the text.
    text = default if param.type == "path" else canonical
    return Param(param.name, param.type, text, param.help, param.low, param.high, param.choices, param.place)


# --- fan-outs ---------------------------------------------------------------------------------------------------------


def read_foreach(fields: Strict) -> tuple[Each, ...]:
    """The keys of an action's fan-out."""
    taken: dict[str, Each] = {}
    for each, at, path in _keys(fields):
        if taken.setdefault(each.key, each) is not each:
            fields.reader.error(at, f"{path}.key", f"the key {quoted(each.key)} is repeated")
    if "foreach" in fields.map and isinstance(fields.map["foreach"], Seq) and not fields.map["foreach"]:
        fields.wrong("foreach", "the list is empty", "leave it out")
    return tuple(taken.values())


def _keys(fields: Strict) -> Iterator[tuple[Each, At, str]]:
    for _, value, at, path in fields.items("foreach"):
        inner = fields.reader.fields(value, at, path, EACH_KEYS, ("key",))
        each = _each(inner, Place(fields.reader.file, *at, path)) if isinstance(inner, Strict) else None
        if each is not None:
            yield each, at, path


def _each(fields: Strict, place: Place) -> Each | None:
    key = fields.text("key")
    if key is None:
        return None
    wrong = param_name(key) or (f'a key cannot be called "{key}"' if key in RESERVED else None)
    if wrong:
        fields.wrong("key", wrong)
        return None
    if ("values" in fields.map) is ("over" in fields.map):
        message = 'a key goes over "values" (a list) or "over" something (a range, or files)'
        fields.reader.error(fields.map.at, fields.path, message, "write one of the two")
        return None
    return _values(fields, key, place) if "values" in fields.map else _over(fields, key, place)


def _values(fields: Strict, key: str, place: Place) -> Each | None:
    values = fields.texts("values")
    if values == [] and not fields.map["values"]:
        fields.wrong("values", "the list is empty: there would be nothing to do", "give it at least one value")
    if "chunk" in fields.map:
        fields.wrong("chunk", "chunk says how many numbers of a range go together; there is no range here")
    return Each(key, tuple(text for text, _ in values), place=place) if values else None


def _over(fields: Strict, key: str, place: Place) -> Each | None:
    over = fields.text("over")
    if over is None:
        return None
    if not over.strip() or over != over.strip():
        fields.wrong("over", "expected a range of numbers or the name of files, without blanks around it")
        return None
    chunk = fields.integer("chunk", 1, MOST) or 1
    if chunk > 1 and not (RANGE.match(over) or "{" in over):
        fields.wrong("chunk", "chunk says how many numbers of a range go together; there is no range here")
        chunk = 1
    return Each(key, over=over, chunk=chunk, place=place)
