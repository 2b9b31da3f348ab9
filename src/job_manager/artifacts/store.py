"""The store of one job: inputs, attempts, artifacts between actions, public artifacts; each in a folder of its own.

    ROOT/inputs/NAME       a person's files under their artifact names
    ROOT/work/LABEL/out/   where an attempt writes; LABEL is the attempt's, ROOT/work/LABEL its current directory
    ROOT/work/LABEL/tmp/   and what it needs for a while
    ROOT/temp/NAME         artifacts between actions, removed when the job has succeeded
    ROOT/public/NAME       artifacts that are kept

A NAME is a file, or a directory for an artifact that is one or that consists of several files (NAME/FILE).
Knows nothing of the job's state: who may publish, and when what is removed, is decided elsewhere.
Rules: architecture, decision 6; reference security T7, faults F19 and F51-F54.
"""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from job_manager.artifacts import bringing, copying, directories, removal
from job_manager.artifacts.directories import FileRow, Unreadable
from job_manager.artifacts.export import export
from job_manager.artifacts.folders import DIRECTORY, READING, opened
from job_manager.artifacts.identity import Identity, identity, of_directory, of_stat
from job_manager.artifacts.outputs import DISK, INVALID, Declared, Facts, Fault, examine
from job_manager.artifacts.scratch import OUT, ScratchPool
from job_manager.artifacts.trees import Unfit, make_private
from job_manager.model.errors import EngineError, InputError
from job_manager.model.hints import TYPE_CHECKING
from job_manager.model.job import FILES
from job_manager.model.names import artifact_name
from job_manager.model.record import NamedTuple
from job_manager.model.wording import quoted

if TYPE_CHECKING:
    from job_manager.artifacts.settling import Steps

INPUTS, TEMP, PUBLIC, WORK = "inputs", "temp", "public", "work"
NO_FOLDER = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EINVAL})


class Published(NamedTuple):
    """An artifact as it lies in the store."""

    name: str
    public: bool
    path: str
    identity: Identity
    files: tuple[FileRow, ...] = ()


class Outcome(NamedTuple):
    """What came of publishing: all that was declared (less optional ones that were not written), or the faults."""

    published: tuple[Published, ...]
    faults: tuple[Fault, ...]


class Folder(NamedTuple):
    """One of a store, in which names have changed."""

    store: Store
    name: str

    def settle(self) -> None:
        """Have them outlive a power cut. Raises OSError."""
        self.store.settle(self.name)


class Store:
    """One job's store under the absolute folder `root`, which is made when first needed, 0700 like all below it.

    `inputs`: the folder in it for a person's files."""

    def __init__(self, root: str, inputs: str = INPUTS) -> None:
        self.root = os.path.abspath(root)
        self.inputs = inputs
        self._scratch = ScratchPool()
        self._settled: set[str] = set()  # folders whose own names are known to be durable

    def path(self, name: str, public: bool = False, file: str = "") -> str:
        """Where the artifact lies once it is published, or one `file` of an artifact that has several."""
        return os.path.join(self.root, PUBLIC if public else TEMP, *_parts(name, file))

    def input_path(self, name: str, file: str = "") -> str:
        """Where a job input lies once it is brought in, or one `file` of an input that has several."""
        return os.path.join(self.root, self.inputs, *_parts(name, file))

    def attempt_path(self, label: str) -> str:
        """The attempt's own directory."""
        return os.path.join(self.root, WORK, _safe(label))

    def output_path(self, label: str, name: str) -> str:
        """Where the attempt is told to write the output."""
        return os.path.join(self.root, WORK, _safe(label), OUT, _safe(name))

    def bring_in(self, name: str, source: str, file: str = "", *, directory: bool = False) -> Identity:
        """Put a person's file under its artifact name (as `file` of one that has several), or a directory; the identity
        of the source. Again changes nothing.

        Raises InputError when the source is no readable regular file (no directory), EngineError for what the disk
        does.
        """
        source = os.path.abspath(source)
        *folders, last = _parts(name, file)
        with _disk(f"input {quoted(name)}"), opened(self.root, self.inputs, *folders, create=True) as inputs:
            bring = bringing.bring_in_directory if directory else bringing.bring_in
            return bring(inputs, last, source)

    def prepare(self, label: str, outputs: Sequence[Declared]) -> str:
        """A directory for an attempt, empty but for OUT and TMP; its path. What an earlier attempt published or left is
        removed.

        Never for an attempt that may have begun. Raises EngineError.
        """
        with _disk(f"attempt {quoted(label)}"):
            with opened(self.root, WORK, create=True) as work:
                if _stands(_safe(label), work):
                    removal.remove(os.path.join(self.root, WORK), [label])
                self._scratch.take(label, work)
            folders = [output.name for output in outputs if output.is_directory]
            if folders:
                with opened(self.root, WORK, label, OUT) as out:
                    for name in folders:
                        os.mkdir(_safe(name), 0o700, dir_fd=out)
            self._clear(outputs)
        return self.attempt_path(label)

    def _clear(self, outputs: Iterable[Declared]) -> set[str]:
        """Remove them; the folders in which there was something to remove."""
        changed = set[str]()
        for output in outputs:
            folder = PUBLIC if output.public else TEMP
            with opened(self.root, folder, create=True) as directory:
                standing = _stands(_safe(output.name), directory)
            if standing:
                removal.remove(os.path.join(self.root, folder), [output.name])
                changed.add(folder)
        return changed

    def is_published(self, label: str, outputs: Sequence[Declared]) -> bool:
        """Whether nothing is left to move of what the attempt wrote: what is in the store by now is whole."""
        return all(self._lies(output) is not None or output.optional for output in outputs) and not any(
            os.path.lexists(self.output_path(label, output.name)) for output in outputs
        )

    def withdraw(self, outputs: Sequence[Declared]) -> None:
        """Take away what an attempt has published whose success is not on record, so that it does not come back with a
        power cut after its loss is. What cannot be removed stays until the next attempt is prepared."""
        try:
            for folder in self._clear(outputs):
                with opened(self.root, folder) as directory:
                    os.fsync(directory)
        except OSError:
            pass

    def inspect(self, label: str, output: Declared) -> Facts | Fault:
        """What the attempt wrote for this output, held against its declaration."""
        try:
            with opened(self.root, WORK, _safe(label), OUT) as out:
                return examine(out, output)
        except FileNotFoundError:
            return Facts(None) if output.optional else _missing(output)
        except OSError as error:
            return _fault(output.name, error)

    def publish(self, label: str, outputs: Sequence[Declared], checked: bool = False) -> Steps[Outcome]:
        """Hold every output of the attempt against its declaration, unless that is `checked`, and, when all are good,
        move them into the store.

        Each is made durable, read-only and then visible, by one rename; the folders are durable before this returns.
        Doing it again after a crash halfway finishes it: what is no longer in the attempt's folder but in the store
        counts, because `prepare` had removed whatever lay there. Never raises for the outputs or for the disk.
        """
        faults = [] if checked else self.faults(label, outputs)
        published: list[Published] = []
        for public in (False, True):
            mine = [output for output in outputs if output.public == public]
            if mine and not faults:
                faults = yield from self._move(label, mine, PUBLIC if public else TEMP, published)
        if faults or not outputs:
            return Outcome((), tuple(faults))
        try:
            yield [Folder(self, name) for name in dict.fromkeys(PUBLIC if one.public else TEMP for one in outputs)]
        except OSError as error:
            return Outcome((), (_fault(outputs[-1].name, error),))
        return Outcome(tuple(published), ())

    def faults(self, label: str, outputs: Sequence[Declared]) -> list[Fault]:
        """What is wrong with what the attempt wrote, as far as `inspect` sees it."""
        return [fault for output in outputs if (fault := self._fault_of(label, output)) is not None]

    @contextmanager
    def reading(self, label: str, output: Declared) -> Iterator[int | None]:
        """The output open for reading, from the attempt or, where a crash came after publishing, from the store; None
        when it is not there in either, or is not what it is declared to be."""
        out, kept = (WORK, _safe(label), OUT), (PUBLIC if output.public else TEMP,)
        handle = _opened(self.root, out, output)
        if handle is None:
            handle = _opened(self.root, kept, output)
        try:
            yield handle
        finally:
            if handle is not None:
                os.close(handle)

    def _fault_of(self, label: str, output: Declared) -> Fault | None:
        seen = self.inspect(label, output)
        if isinstance(seen, Facts) or (seen.reason == _missing(output).reason and self._lies(output) is not None):
            return None
        return seen

    def _lies(self, output: Declared) -> Identity | None:
        try:
            with opened(self.root, PUBLIC if output.public else TEMP) as directory:
                found = os.stat(output.name, dir_fd=directory, follow_symlinks=False)
        except OSError:
            return None
        if output.is_directory:
            return identity(self.path(output.name, output.public)) if stat.S_ISDIR(found.st_mode) else None
        return of_stat(found) if stat.S_ISREG(found.st_mode) else None

    def _move(self, label: str, outputs: list[Declared], folder: str, published: list[Published]) -> Steps[list[Fault]]:
        name = outputs[0].name
        try:
            with opened(self.root, folder, create=True) as target:
                for output in outputs:
                    name = output.name
                    lying = (yield from self._moved(label, output, target)) or self._lies(output)
                    if lying is not None:
                        path = os.path.join(self.root, folder, name)
                        published.append(Published(name, output.public, path, lying, _files(target, output)))
        except OSError as error:
            return [_fault(name, error)]
        return []

    def settle(self, folder: str) -> None:
        """Have what was moved into the folder stay there. Raises OSError."""
        with opened(self.root, folder) as directory:
            os.fsync(directory)
        # An artifact is no more durable than the name of the folder it lies in, and of those above: once is enough.
        if folder in self._settled:
            return
        for above in (self.root, *_above(self.root)):
            with opened(above) as directory:
                os.fsync(directory)
        self._settled.add(folder)

    def _moved(self, label: str, output: Declared, target: int) -> Steps[Identity | None]:
        try:
            with opened(self.root, WORK, label, OUT) as out:
                if output.is_directory:
                    return _place_directory(out, target, output)
                mode = os.stat(output.name, dir_fd=out, follow_symlinks=False).st_mode
                # A program that a shell action built may be run by a later one.
                return of_stat((yield from copying.place(out, target, output.name, 0o400 | mode & 0o100)))
        except FileNotFoundError:
            return None

    def close_off(self, label: str, reuse: bool = False) -> None:
        """Leave no rights to others on what an attempt has written: its own umask may have given them. With `reuse` a
        directory in which it has left nothing is another attempt's from now on."""
        try:
            if reuse:
                with opened(self.root, WORK) as work:
                    if self._scratch.give_back(_safe(label), work):
                        return
            with opened(self.root, WORK, _safe(label)) as folder:
                make_private(folder)
        except OSError:
            pass  # gone, or somebody else's; the directories above it are closed

    def public_names(self) -> list[str]:
        """The names of the public artifacts that lie in the store, sorted."""
        try:
            with opened(self.root, PUBLIC) as public, os.scandir(public) as listing:
                files = [entry.name for entry in listing if _is_artifact(entry)]
        except FileNotFoundError:
            return []
        return sorted(name for name in files if not copying.is_temporary(name))

    def export(self, out_dir: str, names: Sequence[str] | None = None) -> list[str]:
        """Copy these public artifacts (default: all) to `out_dir`; the paths written.

        Made with its parents, replaces only its own names, each atomically, with the umask's modes. Raises Refused when
        a directory stands at such a name, EngineError for what the disk does.
        """
        wanted = self.public_names() if names is None else [_safe(name) for name in names]
        with _disk("the public artifacts"), opened(self.root, PUBLIC, create=True) as public:
            return export(public, out_dir, wanted, f"{zlib.crc32(os.fsencode(self.root)):08x}")

    def discard(self, label: str) -> None:
        """Remove an attempt's directory with everything in it; one that is gone is no error. Raises EngineError."""
        with _disk(f"attempt {quoted(label)}"):
            removal.remove(os.path.join(self.root, WORK), [_safe(label)])

    def keep_only(self, outputs: Iterable[Declared]) -> None:
        """Remove every published artifact but these: an edited job makes the others no more. Raises EngineError."""
        kept = {(PUBLIC if output.public else TEMP, output.name) for output in outputs}
        for folder in (os.path.join(self.root, PUBLIC), os.path.join(self.root, TEMP)):
            with _disk(folder):
                names = os.listdir(folder) if os.path.isdir(folder) else []
                removal.remove(folder, [name for name in names if (os.path.basename(folder), name) not in kept])

    def retire(self) -> None:
        """The job has succeeded: keep the public artifacts, remove everything else of it. Raises EngineError."""
        with _disk(self.root):
            removal.remove(self.root, [INPUTS, TEMP, WORK, *removal.left_over(self.root)])
            public = os.path.join(self.root, PUBLIC)
            if left := removal.left_over(public):
                removal.remove(public, left)

    def remove_all(self) -> None:
        """Remove the store with everything in it. Raises EngineError, also when the root is a symbolic link."""
        with _disk(self.root):
            removal.remove_tree(self.root)


def _above(root: str) -> tuple[str, str]:
    """The folder of all jobs, and the state directory."""
    jobs = os.path.dirname(root)
    return jobs, os.path.dirname(jobs)


def _safe(name: str) -> str:
    wrong = artifact_name(name)
    if wrong:
        raise InputError(wrong)
    return name


def _parts(name: str, file: str) -> list[str]:
    return [_safe(name), _safe(file)] if file else [_safe(name)]


def _place_directory(out: int, target: int, output: Declared) -> Identity | None:
    """Move a directory into the store, durable and with read-only files; None when it is not there (any more)."""
    handle = os.open(output.name, DIRECTORY, dir_fd=out)
    try:
        if output.optional and not _holds(handle, output):
            return None
        directories.settle(handle)
        os.rename(output.name, output.name, src_dir_fd=out, dst_dir_fd=target)
        return of_directory(handle)
    except Unfit as wrong:
        raise OSError(errno.EINVAL, f"it {wrong}") from wrong
    finally:
        os.close(handle)


def _holds(handle: int, output: Declared) -> bool:
    return output.allow_empty or bool(
        directories.listed(handle, output.glob) if output.kind == FILES else os.listdir(handle)
    )


def _files(target: int, output: Declared) -> tuple[FileRow, ...]:
    if output.kind != FILES:
        return ()
    handle = os.open(output.name, DIRECTORY, dir_fd=target)
    try:
        return tuple(directories.listed(handle, output.glob))
    finally:
        os.close(handle)


def _is_artifact(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return not entry.name.startswith(removal.HOLDER)
    return entry.is_file(follow_symlinks=False)


def _opened(root: str, below: Sequence[str], output: Declared) -> int | None:
    try:
        with opened(root, *below) as directory:
            handle = os.open(output.name, DIRECTORY if output.is_directory else READING, dir_fd=directory)
    except OSError:
        return None
    if output.is_directory or stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    return None


def _stands(name: str, directory: int) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _missing(output: Declared) -> Fault:
    return Fault("output-missing", f"output {quoted(output.name)} was not written", output.name)


def _fault(name: str, error: OSError) -> Fault:
    if error.errno in NO_FOLDER:
        return Fault(INVALID, f"output {quoted(name)} could not be taken over safely: {error.strerror}", name)
    # Neither is want of room: they do not heal by waiting.
    reason = INVALID if error.errno in (errno.EMFILE, errno.ENFILE) or isinstance(error, Unreadable) else DISK
    return Fault(reason, f"output {quoted(name)} could not be published: {error.strerror}", name)


@contextmanager
def _disk(what: str) -> Iterator[None]:
    """Turns an OSError inside the block into an EngineError that says what it was about."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if isinstance(error.filename, str) else ""
        raise EngineError(f"{what}: {error.strerror}{where}", retryable=True) from error
