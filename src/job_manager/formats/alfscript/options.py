"""What Alfscript's operators and options are called, where they may stand, and what becomes of them here: one table.

Knows no text and no tree.
"""

from __future__ import annotations

from enum import Enum

from job_manager.model.record import NamedTuple


class Kind(Enum):
    """What the value of an option has to look like."""

    TEXT = "text"
    VERBATIM = "text in which every blank counts"
    SCRIPT = "script"  # operators
    LIST = "list"
    FLAG = "0 or 1"
    INTEGER = "whole number"
    COUNT = "whole number from 1"
    NUMBER = "number"
    SECONDS = "number of seconds"
    CODES = "exit codes"
    JOBS = "job numbers"
    TIME = "time"
    MAPS = "path maps"
    KEYS = "environment keys"
    WHEN = "done, error or always"


class Effect(Enum):
    """What becomes of an option."""

    ACTS = "has effect"
    KEPT = "is kept, without effect"
    REFUSED = "is refused"


class Option(NamedTuple):
    """One option. on: letters of the operators that take it (J Job, T Task, C Cmd and RemoteCmd, I Iterate).

    holds: for a script, the operators that may stand in it. same: other spellings. means: what it is, in words."""

    name: str
    on: str
    kind: Kind
    effect: Effect
    means: str
    holds: str = ""
    same: tuple[str, ...] = ()


class Operator(NamedTuple):
    """One operator. takes: what its words without an option are, and how many of them must be there."""

    name: str
    letter: str
    takes: tuple[str, ...] = ()
    least: int = 0


OPERATORS = {
    operator.name: operator
    for operator in (
        Operator("Job", "J"),
        Operator("Task", "T", ("title",)),
        Operator("Cmd", "C", ("command",), 1),
        Operator("RemoteCmd", "C", ("command",), 1),
        Operator("Instance", "N", ("title",), 1),
        Operator("Iterate", "I", ("variable",), 1),
        Operator("Assign", "A", ("name", "value"), 2),
    )
}

NODES, COMMANDS, SAME = "TNI", "CI", "="  # SAME: what may stand where the Iterate stands

_ACTS, _KEPT = Effect.ACTS, Effect.KEPT
TABLE = (
    Option("-title", "JT", Kind.VERBATIM, _ACTS, "the name"),
    Option("-subtasks", "JTI", Kind.SCRIPT, _ACTS, "what has to be done before", NODES),
    Option("-cmds", "T", Kind.SCRIPT, _ACTS, "the commands, one after the other", COMMANDS),
    Option("-cleanup", "JT", Kind.SCRIPT, _ACTS, "commands for the end, however it ends", COMMANDS),
    Option("-postscript", "J", Kind.SCRIPT, _ACTS, "commands for after the job", COMMANDS),
    Option("-init", "J", Kind.SCRIPT, _ACTS, "variables", "A"),
    Option("-template", "I", Kind.SCRIPT, _ACTS, "what is repeated", SAME),
    Option("-from", "I", Kind.INTEGER, _ACTS, "the first number"),
    Option("-to", "I", Kind.INTEGER, _ACTS, "the last number"),
    Option("-by", "I", Kind.INTEGER, _ACTS, "the step between numbers"),
    Option("-whendone", "J", Kind.VERBATIM, _ACTS, "a command for when all is well"),
    Option("-whenerror", "J", Kind.VERBATIM, _ACTS, "a command for when something failed"),
    Option("-when", "C", Kind.WHEN, _ACTS, "when a -postscript command runs"),
    Option("-serialsubtasks", "JT", Kind.FLAG, _ACTS, "subtasks one after the other"),
    Option("-service", "JTC", Kind.TEXT, _ACTS, "what the worker must offer"),
    Option("-tags", "JC", Kind.LIST, _ACTS, "counted limits"),
    Option("-atleast", "JTC", Kind.COUNT, _KEPT, "slots at least"),
    Option("-atmost", "JTC", Kind.COUNT, _KEPT, "slots at most"),
    Option("-samehost", "C", Kind.FLAG, _KEPT, "all slots on one host"),
    Option("-id", "TC", Kind.TEXT, _ACTS, "a name for -refersto"),
    Option("-refersto", "C", Kind.TEXT, _ACTS, "where the named command ran"),
    Option("-expand", "C", Kind.FLAG, _ACTS, "its output is more Alfscript"),
    Option("-if", "C", Kind.FLAG, _ACTS, "left out when 0"),
    Option("-msg", "C", Kind.VERBATIM, _KEPT, "text for the program's input"),
    Option("-metrics", "C", Kind.TEXT, _KEPT, "names of measures"),
    Option("-envkey", "JC", Kind.KEYS, _ACTS, "environment keys and variables"),
    Option("-retryrc", "C", Kind.CODES, _ACTS, "exit codes that are tried again"),
    Option("-minrunsecs", "C", Kind.SECONDS, _ACTS, "shorter is an error"),
    Option("-maxrunsecs", "C", Kind.SECONDS, _ACTS, "ended when it takes longer"),
    Option("-resumeblock", "T", Kind.FLAG, _KEPT, "run again while a part of it says so"),
    Option("-resumewhile", "C", Kind.TEXT, _KEPT, "a condition for another pass"),
    Option("-resumepin", "C", Kind.FLAG, _KEPT, "another pass on the same host"),
    Option("-priority", "J", Kind.NUMBER, _ACTS, "higher is earlier"),
    Option("-pbias", "J", Kind.NUMBER, _KEPT, "Alfred's priority"),
    Option("-tier", "J", Kind.TEXT, _KEPT, "the class of jobs"),
    Option("-projects", "J", Kind.LIST, _KEPT, "shares of a farm", same=("-project",)),
    Option("-crews", "J", Kind.LIST, _KEPT, "who and where it may run"),
    Option("-maxactive", "J", Kind.INTEGER, _ACTS, "commands at the same time"),
    Option("-paused", "J", Kind.FLAG, _ACTS, "starts paused", same=("-pause",)),
    Option("-after", "J", Kind.TIME, _ACTS, "not before"),
    Option("-afterjids", "J", Kind.JOBS, _KEPT, "after these jobs"),
    Option("-dirmaps", "J", Kind.MAPS, _ACTS, "paths on other systems"),
    Option("-comment", "J", Kind.VERBATIM, _KEPT, "words for people"),
    Option("-metadata", "JTC", Kind.VERBATIM, _KEPT, "words for other programs"),
    Option("-editpolicy", "J", Kind.TEXT, _KEPT, "who may change it"),
    Option("-etalevel", "J", Kind.TEXT, _KEPT, "how its end is estimated"),
    Option("-elapsed", "J", Kind.TEXT, _KEPT, "time taken when it was saved"),
    Option("-spoolcwd", "J", Kind.TEXT, _KEPT, "the directory it was sent from"),
    Option("-preview", "T", Kind.VERBATIM, _KEPT, "a command for people, never run"),
    Option("-chaser", "T", Kind.VERBATIM, _KEPT, "a command for people, never run"),
    Option("-standin", "JTC", Kind.TEXT, Effect.REFUSED, "another command in place of this one"),
)

OPTIONS = {name: option for option in TABLE for name in (option.name, *option.same)}
LETTERS = {
    "J": "Job",
    "T": "Task",
    "C": "Cmd and RemoteCmd",
    "N": "Instance",
    "I": "Iterate",
    "A": "Assign",
}
