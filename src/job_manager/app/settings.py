"""What can be set, in one table: name, kind, variable, default, help. Reading, `jm config` and the reference page
follow from it. Knows no file and no place; a value that is not allowed is a ValueError with a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from job_manager.model.hints import Any
from job_manager.model.names import ENV, env_name
from job_manager.model.need import MOST_OF_A_LIMIT, limit_name
from job_manager.model.pattern import late
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

MOST_SLOTS = 4096
ENV_KEY = late(r"[^\s=,;\x00-\x1f\x7f]{1,128}\Z")
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
KINDS_OF_VALUE = (
    (bool, "{}"),
    (str, "the text {}"),
    ((int, float), "the number {}"),
    (list, "a list"),
    (dict, "a table"),
)


class Config(NamedTuple):
    """Every setting after all have spoken, with absolute paths but for the default `home`. Nobody has said:
    `modules` (), `python` "", `out` "", `jobs` 0, `cpus` None, `memory` (in bytes) None."""

    home: str = ".jm"
    modules: tuple[str, ...] = ()
    python: str = ""
    jobs: int = 0
    out: str = ""
    keep_temp: bool = False
    verify: bool = False
    loose_types: bool = False
    color: str = "auto"
    environment: str = "inherit"
    pass_env: tuple[str, ...] = ()
    cpus: int | None = None
    memory: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    services: tuple[str, ...] = ()
    envkeys: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    zone: str = ""
    stuck: float = 1800.0
    disk_floor: int | None = None


DEFAULTS = Config()


# The rows below are plain classes: each NamedTuple costs every command 0.2 ms.
class Kind:
    """What one value may be. `check` gives the value that is meant by one of TOML, `read` makes one of TOML of text.
    `among`: the words of which it is one."""

    def __init__(
        self,
        words: str,
        check: Callable[[Any], Any],
        read: Callable[[str], Any] = str,
        path: bool = False,
        among: tuple[str, ...] = (),
    ) -> None:
        self.words = words
        self.check = check
        self.read = read
        self.path = path
        self.among = among


def found(value: object) -> str:
    """The value in the words of a message."""
    for kind, words in KINDS_OF_VALUE:
        if isinstance(value, kind):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            return words.format(quoted(shown) if isinstance(value, str) else shown[:40])
    return "a date or time"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text in quotes, found {found(value)}")
    if not value.strip():
        raise ValueError("the text is empty")
    if not value.isprintable():
        raise ValueError(f"{quoted(value)} contains a control character")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {found(value)}")
    return value


def _read_flag(text: str) -> Any:
    return True if text.lower() in YES else False if text.lower() in NO else text


def _read_number(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"expected a whole number from {least} to {most}, found {found(value)}")
        return value

    return check


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in words:
            # Imported here: only a mistake needs it.
            from job_manager.formats.wording import suggestion

            near = suggestion(value, words) if isinstance(value, str) else ""
            listed = " or ".join(f'"{word}"' for word in words)
            raise ValueError(f"expected {listed}, found {found(value)}" + (f"; {near}" if near else ""))
        return str(value)

    return check


def _size(value: Any) -> int:
    # Imported here: most people set no size.
    from job_manager.model.quantity import size

    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"expected a size like 512M, 8G or 1.5G, found {found(value)}")
    return size(str(value))


def _duration(value: Any) -> float:
    from job_manager.model.quantity import seconds

    if value is False or value in (0, "0"):
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a duration like 90s, 5m or 2h, or false, found {found(value)}")
    return seconds(str(value))


def _room(value: Any) -> int:
    return 0 if value in (0, "0") and not isinstance(value, bool) else _size(value)


def _variable(value: Any) -> str:
    name = _text(value)
    if not ENV.match(name.removesuffix("*") or "_"):
        raise ValueError(f"{quoted(name)} is no name of an environment variable")
    if name.startswith("JM_"):
        raise ValueError(f"{quoted(name)}: variables of jm itself are never passed on")
    return name


def _variables(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise ValueError(f"expected a table of variables, found {found(value)}")
    for name, text in value.items():
        wrong = env_name(name) or ("" if isinstance(text, str) else f"expected text in quotes, found {found(text)}")
        if wrong:
            raise ValueError(wrong)
    return tuple(sorted(value.items()))


def _read_variables(text: str) -> Any:
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    if not all(mark for _, mark, _ in pairs):
        raise ValueError(f'expected KEY=VARIABLE=VALUE with ";" between several variables, found {quoted(text)}')
    return {name.strip(): value for name, _, value in pairs}


def env_key(name: str) -> str | None:
    """Why something cannot be the name of a set of variables, or None."""
    return None if ENV_KEY.match(name) else f"{quoted(name)} cannot be a name: no blanks, no = , ; and at most 128"


TEXT = Kind("text", _text)
VARIABLES = Kind("table of variables", _variables, _read_variables)
PATH = Kind("path", _text, path=True)
PROGRAM = Kind("program or path", _text, path=True)
FLAG = Kind("true or false", _flag, _read_flag)
SIZE = Kind("size", _size)
VARIABLE = Kind("name", _variable)
DURATION = Kind("duration, or false", _duration, lambda text: False if text.lower() in NO else text)
ROOM = Kind("size, or 0", _room)
SLOTS = Kind(f"whole number, 1 to {MOST_SLOTS:,}", _whole(1, MOST_SLOTS), _read_number)
COUNT = Kind(f"whole number, 0 to {MOST_OF_A_LIMIT:,}", _whole(0, MOST_OF_A_LIMIT), _read_number)


def choice(*words: str) -> Kind:
    """One of these words."""
    return Kind(" or ".join(f'"{word}"' for word in words), _one_of(*words), among=words)


class Setting:
    """One row. `default` says in words what holds when nobody has spoken, "" where the default of Config says enough;
    `option` is that of the command line, `write` a line for a file; `many` is "", "list" or "table", `between` what
    stands between several in the environment variable; `named` says why something cannot be a name in a table."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        variable: str,
        help: str,
        write: str,
        default: str = "",
        option: str = "",
        many: str = "",
        between: str = "",
        named: Callable[[str], str | None] = limit_name,
    ) -> None:
        self.name = name
        self.kind = kind
        self.variable = variable
        self.help = help
        self.write = write
        self.default = default
        self.option = option
        self.many = many
        self.between = between
        self.named = named

    @property
    def unset(self) -> Any:
        """The value when nobody has spoken."""
        return Config._field_defaults[self.name]


SETTINGS: Mapping[str, Setting] = {
    row.name: row
    for row in (
        Setting("home", PATH, "JM_HOME", "the state directory", 'home = ".jm"', "./.jm", "--home"),
        Setting(
            "modules", PATH, "JM_MODULES", "folders with modules", 'modules = ["modules"]',
            "modules/ beside the job", "--modules", "list", os.pathsep,
        ),
        Setting(
            "python", PROGRAM, "JM_PYTHON", "what runs modules that name no interpreter",
            'python = ".venv/bin/python"', "the active one, else jm's own", "--python",
        ),
        Setting(
            "jobs", SLOTS, "JM_JOBS", "CPUs for actions at once, one each unless they say `cpus:`", "jobs = 4",
            "`cpus`", "-j",
        ),
        Setting("out", PATH, "JM_OUT", "where public artifacts are copied to", 'out = "results"', "nowhere", "--out"),
        Setting(
            "keep_temp", FLAG, "JM_KEEP_TEMP", "keep artifacts that are not public, too", "keep_temp = true",
            option="--keep-temp",
        ),
        Setting(
            "verify", FLAG, "JM_VERIFY", "hash artifacts, instead of looking at size and time", "verify = true",
            option="--verify",
        ),
        Setting(
            "loose_types", FLAG, "JM_LOOSE_TYPES", "types that disagree are warnings", "loose_types = true",
            option="--loose-types",
        ),
        Setting(
            "color", choice("auto", "always", "never"), "JM_COLOR",
            "colours: on a terminal without `NO_COLOR`, always, or never", 'color = "never"', option="--color",
        ),
        Setting(
            "environment", choice("inherit", "clean"), "JM_ENVIRONMENT",
            "which variables actions get: all of yours, or a few", 'environment = "clean"',
        ),
        Setting(
            "pass_env", VARIABLE, "JM_PASS_ENV", "variables that actions get in a clean environment, too",
            'pass_env = ["LICENSE_SERVER", "AWS_*"]', "none", many="list", between=",",
        ),
        Setting(
            "cpus", SLOTS, "JM_CPUS", "how many CPUs jobs may use, without `-j`", "cpus = 8", "as many as there are",
        ),
        Setting("memory", SIZE, "JM_MEMORY", "how much memory jobs may use", 'memory = "8G"', "as much as there is"),
        Setting(
            "limits", COUNT, "JM_LIMITS", "how many there are of each counted resource", "limits = {gpu = 1}",
            "none", many="table", between=",",
        ),
        Setting(
            "services", TEXT, "JM_SERVICES", "service keys that this machine has; commands may ask for no others",
            'services = ["PixarRender", "nuke"]', "all there are", many="list", between=",",
        ),
        Setting(
            "envkeys", VARIABLES, "JM_ENVKEYS", "variables that commands with an environment key get",
            'envkeys = {"nuke-15" = {NUKE_PATH = "/opt/nuke"}}', "none", many="table", between=",", named=env_key,
        ),
        Setting(
            "zone", TEXT, "JM_ZONE", "whose path maps hold on this machine", 'zone = "NFS"', "NFS, UNIX or LINUX",
        ),
        Setting(
            "stuck", DURATION, "JM_STUCK", "after how long without output and processor time one hears of an action",
            'stuck = "1h"', "30m",
        ),
        Setting(
            "disk_floor", ROOM, "JM_DISK_FLOOR", "free disk space below which nothing is begun", 'disk_floor = "10G"',
            "256M, or 1 % of the disk if that is less",
        ),
    )
}  # fmt: skip


Wrong = tuple[tuple[str | int, ...], str]  # where in the value, and what is wrong there


def checked(setting: Setting, value: Any) -> tuple[Any, list[Wrong]]:
    """The value that is meant, and everything wrong with it; what is wrong is not in the value."""
    if setting.many == "list":
        return _checked_many(setting, value, list, enumerate)
    if setting.many == "table":
        return _checked_many(setting, value, dict, dict.items)
    try:
        return setting.kind.check(value), []
    except ValueError as wrong:
        return None, [((), str(wrong))]


def _checked_many(setting: Setting, value: Any, kind: type, members: Callable[[Any], Any]) -> tuple[Any, list[Wrong]]:
    if not isinstance(value, kind):
        return None, [((), f"expected a {setting.many}, found {found(value)}")]
    right: list[Any] = []
    wrong: list[Wrong] = []
    for at, member in members(value):
        if isinstance(at, str) and (unfit := setting.named(at)):
            wrong.append(((at,), unfit))
            continue
        try:
            right.append((at, setting.kind.check(member)))
        except ValueError as error:
            wrong.append(((at,), str(error)))
    return tuple(right) if kind is dict else tuple(member for _, member in right), wrong


def from_text(setting: Setting, text: str) -> Any:
    """The value of TOML that the text of an environment variable stands for. Raises ValueError."""
    if not setting.many:
        return setting.kind.read(text)
    parts = [part.strip() for part in text.split(setting.between) if part.strip()]
    if setting.many == "list":
        return parts
    return dict(_pairs(parts, setting))


def _pairs(parts: list[str], setting: Setting) -> Iterator[tuple[str, Any]]:
    for part in parts:
        name, mark, value = part.partition("=")
        if not mark:
            raise ValueError(
                f"expected NAME=VALUE with {quoted(setting.between)} between several, found {quoted(part)}"
            )
        yield name.strip(), setting.kind.read(value.strip())


def resolved(setting: Setting, value: Any, base: str) -> Any:
    """The checked value with its paths absolute, counted from `base`."""
    if not setting.kind.path:
        return value
    if setting.many:
        return tuple(_absolute(path, base) for path in value)
    if setting.kind is PROGRAM and "/" not in value:
        return value  # on PATH
    return _absolute(value, base)


def _absolute(path: str, base: str) -> str:
    return os.path.normpath(os.path.join(base, os.path.expanduser(path)))
