"""Read and write files; a reader always sees a complete file.

Every output of every verb is written here. A file is replaced at once, and keeps its permissions and its
owner. A symbolic link keeps its place, and the file that it names is replaced. A pipe or a device gets
the bytes as they are.
"""

import contextlib
import errno
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from spikelet.errors import SpikeletError, UsageError

# Folders whose entries are devices and open files, which no rename may replace.
_IN_PLACE = ("/dev/", "/proc/")
_PREFIX = ".spikelet-"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path, and write its content to `path` when the block ends without an error.

    Parameters
    ----------
    path : path
        The file to replace. After an error it is unchanged.

    Yields
    ------
    Path
        A new, empty file; in the same folder, unless `path` is a pipe or a device.

    Raises
    ------
    SpikeletError
        If `path` cannot be written.
    """
    with _explained(path):
        found = _status(path)
        _check_kind(path, found)
        target = None if _is_stream(path, found) else Path(os.path.realpath(path))
        handle, name = tempfile.mkstemp(dir=target and target.parent, prefix=_PREFIX)
        os.close(handle)
    temporary = Path(name)
    try:
        with _explained(path):
            yield temporary
            if target is None:
                _copy(temporary, Path(path), "wb")
            elif found is None:
                temporary.chmod(0o666 & ~_umask())
                temporary.replace(target)
            elif found.st_nlink > 1:
                # A rename would leave the old content under the file's other names.
                _copy(temporary, target, "r+b")
            else:
                _keep_rights(temporary, target, found)
                temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def create(path: str | Path) -> BinaryIO:
    """Open a new file, a pipe or a device to write without a buffer.

    Raises
    ------
    UsageError
        If `path` is a file already.
    SpikeletError
        If it cannot be written.
    """
    with _explained(path):
        found = _status(path)
        _check_kind(path, found)
        if _is_stream(path, found):
            return open(path, "wb", buffering=0)
        try:
            return open(os.path.realpath(path), "xb", buffering=0)
        except FileExistsError:
            raise UsageError(f"{path} is there already; name another file") from None


def check_outputs(
    outputs: Iterable[str | Path | None], inputs: Iterable[str | Path | None]
) -> None:
    """Check that outputs can be written and replace no input, before a long computation.

    Parameters
    ----------
    outputs, inputs : iterable of path or None
        None and "" are options that were not given.

    Raises
    ------
    UsageError
        If an output is an input or another output, by whatever name.
    SpikeletError
        If an output cannot be written.
    """
    taken = [(path, "input") for path in inputs if path]
    for output in (path for path in outputs if path):
        check_target(output)
        for path, kind in taken:
            if _is_same(output, path) or _is_recording(output, path):
                raise UsageError(
                    f"{output} is {'part of ' if Path(path).is_dir() else ''}the {kind} {path} "
                    "and would be overwritten; name another file"
                )
        taken.append((output, "output"))


def check_target(path: str | Path) -> None:
    """Check that `path` can be written, before a long computation.

    Raises
    ------
    SpikeletError
        If its folder cannot be written, or `path` is a folder.
    """
    with _explained(path):
        found = _status(path)
        _check_kind(path, found)
        folder = Path(os.path.realpath(path)).parent
        if not _is_stream(path, found) and not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise SpikeletError(f"cannot write {path}: {folder} is no folder that you can write to")


def read(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    UsageError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {reason(error)}") from None


def in_memory(write: Callable[[Any, Any], None], content: Any) -> bytes:
    """Return the bytes of a file that a function of NIR writes.

    The HDF5 library, which it uses, crashes if a disk has no room; memory it has.

    Parameters
    ----------
    write : callable
        Called with (binary file, content).
    content : any
    """
    file = io.BytesIO()
    write(file, content)
    return file.getvalue()


def is_regular(path: str | Path) -> bool:
    """Return whether `path` is an ordinary file, also through a link; False for a pipe."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def is_there(path: str | Path) -> bool:
    """Return whether there is something at `path`; False for a name that no file can have."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def is_folder(path: str | Path) -> bool:
    """Return whether `path` is a folder; False for a name that no file can have."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def reason(error: OSError | ValueError) -> str:
    """Return the reason of an error in the words of the system, without its number and its file."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


@contextmanager
def _explained(path: str | Path) -> Iterator[None]:
    """Convert errors of the system, and of names with zero bytes, to one sentence."""
    try:
        yield
    except OSError as error:
        raise SpikeletError(f"cannot write {path}: {reason(error)}") from None


def _status(path: str | Path) -> os.stat_result | None:
    """Return the status of a file, through links; None if there is no file."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SpikeletError(f"cannot write {path!r}: {error}") from None


def _check_kind(path: str | Path, found: os.stat_result | None) -> None:
    """Refuse a folder, and a file that is read-only."""
    if found is None:
        if str(path).endswith(("/", os.sep)):
            raise SpikeletError(f"cannot write {path}: it is a folder; name a file in it")
        return
    if stat.S_ISDIR(found.st_mode):
        raise SpikeletError(f"cannot write {path}: it is a folder; name a file in it")
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _is_stream(path: str | Path, found: os.stat_result | None) -> bool:
    """Return whether bytes are written to `path` as it is: a pipe, a device or an open file."""
    if found is None:
        return False
    return not stat.S_ISREG(found.st_mode) or os.path.abspath(path).startswith(_IN_PLACE)


def _copy(source: Path, target: Path, mode: str) -> None:
    """Write the content of a file into another one, which keeps its place."""
    with source.open("rb") as reader, open(target, mode, buffering=0) as writer:
        while chunk := memoryview(reader.read(1 << 20)):
            while chunk:
                chunk = chunk[writer.write(chunk) :]
        if mode == "r+b":
            writer.truncate()


def _keep_rights(temporary: Path, target: Path, found: os.stat_result) -> None:
    """Give a new file the owner, permissions and attributes of the file that it replaces."""
    if hasattr(os, "chown"):
        # Only the superuser may give a file to another owner.
        with contextlib.suppress(OSError):
            os.chown(temporary, found.st_uid, found.st_gid)
    shutil.copystat(target, temporary)
    os.utime(temporary)


def _is_same(one: str | Path, other: str | Path) -> bool:
    """Return whether two names are one file; a pipe or a device may have two uses."""
    try:
        first, second = os.stat(one), os.stat(other)
    except FileNotFoundError:
        return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
    except (OSError, ValueError):
        return False
    return os.path.samestat(first, second) and stat.S_ISREG(first.st_mode)


def _is_recording(path: str | Path, folder: str | Path) -> bool:
    """Return whether `path` is a file in an input folder that could be one of its inputs."""
    if not is_folder(folder) or not os.path.exists(path):
        return False
    place = Path(os.path.realpath(path))
    inside = Path(os.path.realpath(folder)) in place.parents
    return inside and place.suffix.lower() in (".npy", ".npz", ".csv", ".json")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
