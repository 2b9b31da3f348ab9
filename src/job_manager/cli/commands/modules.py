"""`jm modules`: what stands on a shelf, and one module examined. Knows no rule itself."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence

from job_manager.cli.output import Output, Styled
from job_manager.cli.usage import Parser, UsageError, meant, named_path, param_word
from job_manager.model.errors import InputError, Problem
from job_manager.model.hints import Any
from job_manager.model.wording import quoted

VERBS = ("check", "test")
SUMMARY = "List the modules of a shelf: what each does, its parameters and types, and the program that runs it."
MORE = """\
`jm modules check DIR...` examines single modules: manifest, program, interpreter. None of their code is run.
`jm modules test DIR...` runs a module, or each of a shelf, on its sample: files in sample/ beside the manifest, named
after its inputs; what is missing there is made. Nothing of it is seen in ./.jm."""
EXAMPLES = (
    ("jm modules", "the shelf of this directory (JM_MODULES, else modules/)"),
    ("jm modules ~/shelf", "another one"),
    ("jm modules check modules/transcode", "everything wrong or odd with one module"),
    ("jm modules test modules/transcode --input video=clip.mp4", "run it alone, on this file"),
)


def parser() -> Parser:
    """The options of this verb."""
    made = Parser("modules", SUMMARY, EXAMPLES, usage="[check|test] [DIR...] [options]", more=MORE)
    made.add_argument(
        "words",
        metavar="DIR",
        nargs="*",
        default=[],
        help="where to look for modules; after `check` and `test`: modules",
    )
    made.add_argument(
        "--modules", metavar="DIR", action="append", default=[], help="the same as DIR (default: modules/ here)"
    )
    made.add_argument("--python", metavar="PATH", help="the Python for modules that bring and name none")
    testing = made.add_argument_group("of `test`")
    testing.add_argument(
        "--input", metavar="NAME=PATH", type=named_path, action="append", default=[], help="the file of one input"
    )
    testing.add_argument(
        "-p", "--param", metavar="NAME=VALUE", type=param_word, action="append", default=[], dest="params",
        help="the value of a param of the module, or @FILE.yaml with several",
    )  # fmt: skip
    testing.add_argument("--keep", action="store_true", help="leave what it wrote, and its log, and say where")
    return made


def main(options: Namespace, out: Output) -> int:
    """List, or check."""
    verb = options.words[0] if options.words else ""
    if verb == "test":
        from job_manager.cli.module_tests import test

        return test(options.words[1:], options, out)
    if options.input or options.params or options.keep:
        option = "--input" if options.input else "-p" if options.params else "--keep"
        raise UsageError(f"{option} is for `jm modules test`", usage="usage: jm modules test DIR... [options]")
    if verb == "check":
        return _check(options.words[1:], options, out)
    if meant(verb, VERBS) and not os.path.lexists(verb):
        raise UsageError(
            f"there is no folder {quoted(verb)}", meant(verb, VERBS), "usage: jm modules check|test DIR..."
        )
    return _list([*options.words, *options.modules], options, out)


# --- the shelf --------------------------------------------------------------------------------------------------------


def _list(folders: list[str], options: Namespace, out: Output) -> int:
    from job_manager.app.shelves import catalogue
    from job_manager.cli.reporting import problem_document

    config = options.config
    found = catalogue(folders or config.modules, config.python, os.environ, os.getcwd())
    for module in found.modules:
        out.value(module["name"])
        if out.talks:
            _show(module, out)
    for broken in found.broken:
        _show_broken(broken, out)
    if out.talks and not found.modules and not found.broken:
        nothing = (
            f"there is no folder {found.absent[0]}" if found.absent else f"no module in {', '.join(found.searched)}"
        )
        out.line(f"{nothing}; `jm init DIR` makes a project with a module")
    modules = [{**m, "warnings": [problem_document(w) for w in m["warnings"]]} for m in found.modules]
    unusable = [
        {"name": b.name, "folder": b.folder, "problems": [problem_document(p) for p in b.problems]}
        for b in found.broken
    ]
    out.document({"searched": list(found.searched), "modules": modules, "broken": unusable})
    return 0


def _show(module: dict[str, Any], out: Output) -> None:
    from job_manager.cli.reporting import show_notes

    version = f" {module['version']}" if module["version"] else ""
    out.line(Styled(module["name"], "strong"), version, f"  {' '.join(module['description'].split())}")
    for label, ports in (("reads", module["inputs"]), ("writes", module["outputs"])):
        if ports:
            out.line("   ", Styled(f"{label:<7}", "quiet"), ", ".join(_port(port) for port in ports))
    if module["params"]:
        out.line("   ", Styled("params ", "quiet"), ", ".join(_param(param) for param in module["params"]))
    program = f"{module['interpreter']}  ({module['chosen']})" if module["interpreter"] else module["chosen"]
    out.line("   ", Styled("runs   ", "quiet"), Styled(module["problem"], "bad") if module["problem"] else program)
    if module["warm"]:
        out.line("   ", Styled("warm   ", "quiet"), f"imports {', '.join(module['preload']) or 'nothing'} before")
    show_notes(module["warnings"], out)


def _port(port: dict[str, Any]) -> str:
    said = [*([port["kind"]] if port["kind"] != "file" else ()), *(["optional"] if port["optional"] else ())]
    brackets = f" ({', '.join(said)})" if said else ""
    return f"--{port['param']} {port['type']}{brackets}"


def _param(param: dict[str, Any]) -> str:
    default = f" ({param['default']})" if param["default"] is not None else ""
    return f"--{param['name']} {param['kind']}{default}"


def _show_broken(broken: Any, out: Output) -> None:
    from job_manager.cli.reporting import show_notes

    out.note(Styled(broken.name, "strong"), Styled("  cannot be used", "bad"), f"  {broken.folder}")
    show_notes(broken.problems, out)


# --- one module -------------------------------------------------------------------------------------------------------


def _check(folders: Sequence[str], options: Namespace, out: Output) -> int:
    from job_manager.app.shelves import examine
    from job_manager.cli.reporting import problem_document, show_notes

    if not folders:
        raise UsageError("the folder of the module is missing", usage="usage: jm modules check DIR...")
    problems: list[Problem] = []
    for folder in folders:
        problems += examine(folder, options.config.python, os.environ, os.getcwd())
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)
    show_notes(problems, out)
    for folder in folders:
        out.line(Styled("ok: ", "good"), folder)
    documents = [problem_document(problem) for problem in problems]
    out.document({"ok": True, "folders": list(folders), "problems": documents})
    return 0
