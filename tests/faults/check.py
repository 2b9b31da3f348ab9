"""What must hold after any fault: each check is a function that returns a sentence for every violation it finds.

Knows files, processes and the packed events of a journal; imports nothing of job_manager. I1, I2 ... number the
invariants, so that tests may speak of them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.faults.model import illegal

History = list[list[Any]]
Lines = Sequence[Mapping[str, Any]]  # of a witness's ledger
EXIT_CODES = {0, 1, 2, 3, 4, 5, 6, 7, 130}
KEPT = {"logs", "public", "results", "settings.json"}  # in the folder of a job that has succeeded
FIRST_LINE = re.compile(r"^(error|usage|warning|note|internal error)?:? ?\S.*\S$")
DROPPED = re.compile(rb"\[\.\.\. (\d+) bytes were dropped here")


def histories(journal: Path) -> dict[str, History]:
    """The packed events of every job, as they stand in the file; read beside a writer."""
    with _reading(journal) as db:
        rows = db.execute("SELECT job, body FROM turn ORDER BY job, seq").fetchall()
    found: dict[str, History] = defaultdict(list)
    for job, body in rows:
        found[job] += json.loads(body)
    return dict(found)


def _reading(journal: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{quote(str(journal))}?mode=ro", uri=True, timeout=10))


def losses(acknowledged: Iterable[str], found: Iterable[str]) -> list[str]:
    """I1: every job whose id was printed is in the journal."""
    missing = set(acknowledged) - set(found)
    return [f"job {job} was acknowledged and is not there" for job in sorted(missing)]


def legality(found: Mapping[str, History]) -> list[str]:
    """I2: every history is one that can have happened."""
    return [f"job {job}: {why}" for job, events in found.items() for why in illegal(events)]


def damage(journal: Path) -> list[str]:
    """I2, I8: the database is whole, sequence numbers have no gap, and every turn is chained to the one before."""
    with _reading(journal) as db:
        said = [row[0] for row in db.execute("PRAGMA integrity_check")] + list(db.execute("PRAGMA foreign_key_check"))
        rows = db.execute("SELECT job, seq, count, at, CAST(body AS BLOB), hash FROM turn ORDER BY job, seq").fetchall()
        heads = {job: (seq, hash) for job, seq, hash in db.execute("SELECT job, seq, hash FROM head")}
    found = [] if said == ["ok"] else [f"the database says {said}"]
    ends: dict[str, tuple[int, bytes]] = {}
    for job, seq, count, at, body, hash in rows:
        last, before = ends.get(job, (0, b""))
        if seq != last:
            found.append(f"job {job}: event {last} is followed by {seq}")
        if len(json.loads(body)) != count:
            found.append(f"job {job}: the turn at {seq} has not its {count} events")
        chained = blake2b(before + f"{job}\n{seq}\n{count}\n{at!r}\n".encode() + body, digest_size=16).digest()
        if chained != hash:
            found.append(f"job {job}: the chain is broken at event {seq}")
        ends[job] = (seq + count, hash)
    return found + [f"job {job}: the end of its chain is wrong" for job in heads if ends.get(job) != heads[job]]


def repetitions(ledger: Lines, found: Mapping[str, History], once: Iterable[str] = ()) -> list[str]:
    """I3: no two live attempts of one action, no attempt twice, none after its success was recorded; of the actions
    `once` (by path) there is one start only."""
    said = [f"{_who(line)}: begun while another attempt was alive" for line in ledger if line["what"] == "overlap"]
    starts: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for line in ledger:
        if line["what"] == "start":
            starts[line["job"], line["index"]].append(line)
    known = set(once)
    won = {(job, e[1]): e[2] for job, events in found.items() for e in events if e[0] == "succeeded"}
    for key, lines in starts.items():
        attempts = [line["attempt"] for line in lines]
        said += [f"{_who(lines[0])}: begun twice" for _ in range(len(attempts) - len(set(attempts)))]
        said += [f"{_who(b)}: begun before attempt {a['attempt']}" for a, b in pairwise(lines) if _later(a, b)]
        if lines[0]["action"] in known and len(lines) > 1:
            said.append(f"{_who(lines[0])}: it may run once and ran {len(lines)} times")
        if max(attempts) > won.get(key, max(attempts)):
            said.append(f"{_who(lines[-1])}: begun after attempt {won[key]} had succeeded")
    return said


def _who(line: Mapping[str, Any]) -> str:
    return f"{line['job']} {line['action']} attempt {line['attempt']}"


def _later(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return bool(first["attempt"] > second["attempt"])


def overlaps(ledger: Lines) -> list[str]:
    """I3: intervals from start to end of two attempts of one action have no moment in common (of one boot)."""
    spans: dict[tuple[str, int, str], list[tuple[int, int, int]]] = defaultdict(list)
    ends: dict[tuple[str, int, int], int] = {
        (line["boot"], line["pid"], line["ticks"]): line["ns"] for line in ledger if line["what"] == "end"
    }
    for line in ledger:
        if line["what"] == "start":
            began: int = line["ns"]
            end = ends.get((line["boot"], line["pid"], line["ticks"]), began)
            spans[line["job"], line["index"], line["boot"]].append((began, end, line["attempt"]))
    return [
        f"{job}/{index}: attempt {later[2]} began before attempt {first[2]} had ended"
        for (job, index, _), rows in spans.items()
        for first, later in pairwise(sorted(rows))
        if later[0] < first[1]
    ]


def unfinished(found: Mapping[str, History]) -> list[str]:
    """I4: every job has come to its end, and nothing happened to it since."""
    last = {
        job: next((event for event in reversed(events) if not event[0].startswith("worker-")), ["nothing"])
        for job, events in found.items()
    }
    return [
        f"job {job} is not finished: its last event is {event[0]}"
        for job, event in last.items()
        if event[0] != "job-finished"
    ]


def artifacts(store: Path, events: History, expected: Mapping[str, bytes]) -> list[str]:
    """I5: what is published is whole, is what the events say, is exactly what was expected; nothing half-written."""
    rows = {row[0]: row for event in events if event[0] == "succeeded" for row in (event[6] if len(event) > 6 else ())}
    names = {path.name for path in store.iterdir()} if store.is_dir() else set()
    said = [f"{name} is published and nobody made it" for name in names - rows.keys()]
    said += [f"{name} is missing" for name in expected if name not in names]
    for name in names & expected.keys():
        content = (store / name).read_bytes()
        if content != expected[name]:
            said.append(f"{name} has {len(content)} bytes that are not those expected")
        if name in rows and rows[name][3] != len(content):
            said.append(f"{name} has {len(content)} bytes, the journal says {rows[name][3]}")
    owners = defaultdict(set)
    for event in events:
        for row in event[6] if event[0] == "succeeded" and len(event) > 6 else ():
            owners[row[0]].add(event[1])
    return said + [f"{name} was made by the actions {sorted(by)}" for name, by in owners.items() if len(by) > 1]


def survivors(keepers: Iterable[str], jobs: Iterable[str] = ()) -> list[str]:
    """I6: no living process carries the mark of one of these keepers (incarnations), or of an attempt of these jobs."""
    wanted = {f"JM_KEEPER={name}".encode() for name in keepers}
    tokens = tuple(f"JM_ATTEMPT_TOKEN={job}/".encode() for job in jobs)
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        marks = _bytes(f"/proc/{pid}/environ").split(b"\0")
        if wanted.intersection(marks) or (tokens and any(mark.startswith(tokens) for mark in marks)):
            name = _bytes(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
            found.append(f"process {pid} is left: {name.strip()}")
    return found


def zombies(parent: int) -> list[str]:
    """I6: a process has no dead child that it has not reaped."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        fields = _bytes(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if fields[:1] == [b"Z"] and int(fields[1]) == parent:
            found.append(f"process {pid} is a zombie of {parent}")
    return found


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def residue(home: Path, found: Mapping[str, History]) -> list[str]:
    """I7: of a job that has succeeded only its logs and results stay, without temporary files; of keepers no record."""
    ends = {job: events[-1][2] for job, events in found.items() if events[-1][0] == "job-finished"}
    said = []
    for job in (job for job, state in ends.items() if state == "succeeded"):
        folder = home / "jobs" / job
        said += [f"{path} is left" for path in folder.iterdir() if path.name not in KEPT]
        said += [f"{path} is a half-written file" for path in folder.glob("*/.*")]
    if len(ends) == len(found):
        keepers = home / "keepers"
        said += [f"{path} is left" for path in (keepers.iterdir() if keepers.is_dir() else ())]
    return said


def descriptors(pid: int) -> int:
    """I7: how many files a process has open; to be compared with what it had before."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def manners(code: int, stderr: str, expected: Iterable[int] = EXIT_CODES) -> list[str]:
    """I9: a documented exit code, and a first line that a person can read; never a traceback."""
    said = [] if code in set(expected) else [f"exit code {code} is not one of {sorted(set(expected))}"]
    said += ["there is a traceback"] if "Traceback (most recent call last)" in stderr else []
    said += ["an internal error is said"] if "internal error" in stderr else []
    first = stderr.strip().split("\n", 1)[0]
    if code not in (0, 1, 130) and not FIRST_LINE.match(first):
        said.append(f"the first line is {first!r}")
    return said


def bounds(logs: Path, cap: int, slack: int = 2 << 20) -> list[str]:
    """I11: no log takes more of the disk than the cap, and one that was shortened says how much is missing."""
    said = []
    for path in sorted(logs.rglob("*")):
        if not path.is_file():
            continue
        taken = path.stat().st_blocks * 512
        if taken > cap + slack:
            said.append(f"{path} takes {taken} bytes, more than {cap}")
        if path.stat().st_size > cap + slack and not DROPPED.search(_head(path, cap)):
            said.append(f"{path} was cut and does not say so")
    return said


def _head(path: Path, cap: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(cap)


def spellings(secret: str) -> list[bytes]:
    """A text as it is, and as it may have been encoded on its way."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"x" * pad + raw)[4 : -4 or None] for pad in range(3)]
    return [raw, base64.b64encode(raw).rstrip(b"="), quote(secret, safe="").encode(), raw.hex().encode(), *shifted]


def leaks(secret: str, *roots: Path) -> list[str]:
    """I12: the text stands in no file below these folders, in no file's name, and in no command line."""
    said, words = [], [word for word in spellings(secret) if len(word) >= 8]
    for path in (each for root in roots for each in _files(root)):
        if any(word in os.fsencode(path) for word in words):
            said.append(f"the name {path} has the secret")
        if any(word in _bytes(str(path)) for word in words):
            said.append(f"{path} has the secret")
    return said + exposed(words)


def exposed(words: Sequence[bytes]) -> list[str]:
    """I12: processes whose command line has one of the words now; to be called while they run."""
    pids = filter(str.isdigit, os.listdir("/proc"))
    lines = ((pid, _bytes(f"/proc/{pid}/cmdline")) for pid in pids if int(pid) != os.getpid())
    return [f"the command line of process {pid} has the secret" for pid, line in lines if any(w in line for w in words)]


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def exclusion(code: int, stderr: str, seconds: float, holder: int) -> list[str]:
    """I14: the second on a directory is refused within a second, in words that name the holder."""
    said = [] if code == 7 else [f"exit code {code}, not 7"]
    said += [] if f"process {holder}" in stderr else [f"the holder {holder} is not named"]
    return said + ([f"it took {seconds:.1f} s"] if seconds >= 1 else [])


def times(found: Mapping[str, History]) -> list[str]:
    """I15: nothing ends before it began, however the clock was set meanwhile."""
    return [
        f"job {job}: attempt {event[2]} of action {event[1]} ended {event[3] - event[4]:.3f} s before it began"
        for job, events in found.items()
        for event in events
        if event[0] in ("succeeded", "attempt-failed") and event[4] < event[3]
    ]


def everything(home: Path, ledger: Lines, acknowledged: Iterable[str] = ()) -> list[str]:
    """All that holds of a directory when faults are over, every job is finished and nothing runs."""
    journal = home / "journal.db"
    found = histories(journal)
    checks: list[Callable[[], list[str]]] = [
        lambda: losses(acknowledged, found),
        lambda: legality(found),
        lambda: damage(journal),
        lambda: repetitions(ledger, found),
        lambda: overlaps(ledger),
        lambda: unfinished(found),
        lambda: survivors([], found),
        lambda: residue(home, found),
        lambda: times(found),
    ]
    return [violation for check in checks for violation in check()]
