"""From Cmd and RemoteCmd to actions: argv, times, what is tried again, environment; and the hooks of a node.

Knows nothing of the tree; names are given later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from job_manager.formats.alfscript.reading import Context, Options
from job_manager.formats.alfscript.substitution import Scope, passes
from job_manager.formats.alfscript.tree import Node
from job_manager.formats.alfscript.values import Spot
from job_manager.formats.naming import default_name
from job_manager.model.hints import Any
from job_manager.model.job import ALWAYS, ON_ERROR, ON_SUCCESS, Action, Command, Shell
from job_manager.model.percent import means_something
from job_manager.model.record import NamedTuple

RETRIES = 2  # after the codes of -retryrc; Tractor leaves the number to each site
STOPPED = frozenset({-2, -9, -15})  # signals by which people stop something: never tried again
WHEN = {"done": ON_SUCCESS, "error": ON_ERROR, "always": ALWAYS}
BUILT_IN = ("Alfred", "TractorBuiltIn")


class Unnamed(NamedTuple):
    """An action that has no name yet: what it runs, and its other fields."""

    work: Command | Shell
    fields: dict[str, Any]

    def named(self, name: str, **more: Any) -> Action:
        return Action(name, self.work, **self.fields, **more)


class Hook(NamedTuple):
    """Of which script of a node, and when it runs."""

    body: str
    when: str


HOOK_BODIES = (Hook("cleanup", ALWAYS), Hook("postscript", ALWAYS))
HOOK_TEXTS = (Hook("-whendone", ON_SUCCESS), Hook("-whenerror", ON_ERROR))
HOOK_NAMES = frozenset(hook.body for hook in (*HOOK_BODIES, *HOOK_TEXTS))


def flat(nodes: list[Node], scope: Scope, context: Context) -> Iterator[tuple[Node, Scope]]:
    """The operators in order, with what the Iterates among them stand for in their place."""
    stack: list[Iterator[tuple[Node, Scope]]] = [iter([(node, scope) for node in nodes])]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            continue
        node, inner = found
        if node.operator.letter == "I" and "subtasks" not in node.bodies:
            stack.append(repeated(node, inner, context))
        else:
            yield found


def repeated(node: Node, scope: Scope, context: Context) -> Iterator[tuple[Node, Scope]]:
    """What stands in the template of an Iterate, once for each pass."""
    template = node.bodies.get("template", [])
    return ((each, inner) for inner in passes(node, scope, Spot(context.findings, node)) for each in template)


def commands(nodes: list[Node], scope: Scope, context: Context, hook: str = "") -> list[Unnamed]:
    """The actions of a list of commands."""
    found: list[Unnamed] = []
    if not nodes:
        return found
    for node, inner in flat(nodes, scope, context):
        if node.operator.letter == "I":
            hint = "put the tasks into -subtasks of the Task that the commands belong to"
            Spot(context.findings, node).error(node.at, "an Iterate of commands has no -subtasks", hint)
        elif node.operator.letter == "C" and node.words:
            found.append(_action(node, Options(node, inner, context), hook))
    return found


def hooks(node: Node, scope: Scope, context: Context) -> list[Unnamed]:
    """What runs when all else in a Task or Job is over."""
    found: list[Unnamed] = []
    if not node.bodies.keys() & HOOK_NAMES and not node.given.keys() & HOOK_NAMES:
        return found
    for hook in HOOK_BODIES:
        found += commands(node.bodies.get(hook.body, []), scope, context, hook.when)
    for hook in HOOK_TEXTS:
        if hook.body in node.given:
            options = Options(node, scope, context)
            text = options.text(node.given[hook.body].value).strip()
            place = context.place(node)._replace(path=f"{node.path}.{hook.body[1:]}")
            env = context.shared(tuple(sorted(context.env.items())))
            found += [Unnamed(Shell(text), {"hook": hook.when, "env": env, "place": place})] if text else []
    return found


def _action(node: Node, options: Options, hook: str) -> Unnamed:
    argv = options.argv(node.words[0])
    fields: dict[str, Any] = {
        "env": _env(options),
        "hook": WHEN.get(options.value("-when") or "", hook) if node.role == "postscript" else hook,
        "tags": options.context.tags,
        "wishes": options.wishes(local="1" if node.operator.name == "Cmd" else ""),
        "place": options.context.place(node),
    }
    for name in node.given:
        if name in SAID:
            fields |= SAID[name](options)
    if _is_built_in(argv, options):
        fields["when"] = "false"
    if "-expand" in node.given:
        fields["expand"] = _expands(options, hook)
    return Unnamed(Command(tuple(argv), means_something(argv)), fields)


def _is_built_in(argv: list[str], options: Options) -> bool:
    """Whether it is a request to Alfred or Tractor itself and no program: it is left out, for there is none here."""
    if not argv or argv[0] not in BUILT_IN or (argv[0] == "Alfred" and "-msg" not in options.node.given):
        return False
    given = options.node.given.get("-msg")
    asked = argv[1:3] or (options.text(given.value).split()[:2] if given else [])
    message = f"{' '.join([argv[0], *asked])} is a request to the farm itself; it is left out here"
    hint = "to delete files, write RemoteCmd {rm -f FILE}" if asked == ["File", "delete"] else ""
    options.spot().warn(options.node.at, message, hint)
    return True


def _retried(options: Options) -> dict[str, Any]:
    """How often, and after which exit codes, and signals as negative numbers."""
    value = options.value("-retryrc") or ()
    if value in options.context.retried:
        return options.context.retried[value]
    codes = dict.fromkeys(value)
    for code in codes:
        if code in STOPPED or code == 0:
            why = "success is never tried again" if code == 0 else "what a person stopped is never tried again"
            options.spot("-retryrc").warn(options.at("-retryrc"), f"{code} has no effect in -retryrc: {why}")
    again = options.context.shared(tuple(str(code) for code in codes if code not in STOPPED and code))
    fields = {"retry_on": again, "retries": RETRIES if again else None}
    if len(again) == len(value):
        options.context.retried[value] = fields
    return fields


def _env(options: Options) -> tuple[tuple[str, str], ...]:
    keys = options.value("-envkey") if "-envkey" in options.node.given else None
    own = dict(keys.variables) if keys else {}
    found = options.context.env | own
    return options.context.shared(tuple(sorted(found.items()))) if found else ()


def _tags(options: Options) -> dict[str, Any]:
    return {"tags": options.context.shared(tuple(dict.fromkeys((*options.context.tags, *options.tags()))))}


# What an action gets of options that most commands do not have: these are not asked for it.
SAID: Mapping[str, Callable[[Options], dict[str, Any]]] = {
    "-maxrunsecs": lambda options: {"timeout": options.value("-maxrunsecs") or None},
    "-minrunsecs": lambda options: {"min_runtime": options.value("-minrunsecs") or None},
    "-retryrc": _retried,
    "-tags": _tags,
    "-if": lambda options: {"when": "false" if options.value("-if") is False else ""},
}


def _expands(options: Options, hook: str) -> bool:
    if not options.value("-expand"):
        return False
    if hook:
        hint = "put it into the -cmds of a Task"
        options.spot("-expand").error(options.at("-expand"), "what runs at the end has no -expand", hint)
    return not hook


def titles(actions: list[Unnamed]) -> Iterator[tuple[str, str]]:
    """What actions are to be called."""
    return (("", default_name(action.work)) for action in actions)
