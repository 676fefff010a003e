"""Writing files so that a reader never meets half of one."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikelet.errors import SpikeletError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it there when the block ends well.

    Raises SpikeletError where the folder cannot be written; then `path` is as it was.
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
    """Raise SpikeletError unless `path` can be written, before long work is done for it."""
    folder = Path(path).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise SpikeletError(f"cannot write {path}: {folder} is no folder that you can write to")
    if Path(path).is_dir():
        raise SpikeletError(f"cannot write {path}: it is a folder; name a file in it")


def read(path: str | Path) -> bytes:
    """Return a file's bytes; raises SpikeletError if it cannot be read."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SpikeletError(f"cannot read {path}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
