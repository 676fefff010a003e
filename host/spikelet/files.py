"""Read and write files; a reader always sees a complete file."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikelet.errors import SpikeletError, UsageError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path, and rename it to `path` when the block ends without an error.

    Parameters
    ----------
    path : path
        The file to replace. After an error it is unchanged.

    Yields
    ------
    Path
        A new, empty file in the same folder.

    Raises
    ------
    SpikeletError
        If the folder cannot be written.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise SpikeletError(f"cannot write {path}: {error.strerror}") from None
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise SpikeletError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: str | Path) -> None:
    """Check that `path` can be written, before a long computation.

    Raises
    ------
    SpikeletError
        If its folder cannot be written, or `path` is a folder.
    """
    folder = Path(path).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise SpikeletError(f"cannot write {path}: {folder} is no folder that you can write to")
    if Path(path).is_dir():
        raise SpikeletError(f"cannot write {path}: it is a folder; name a file in it")


def read(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    SpikeletError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
