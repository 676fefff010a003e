"""What all boards that are processes have in common: a folder, a start and an end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import filelock

from spikelet import installation
from spikelet.errors import SpikeletError


@contextmanager
def owned(storage: str, name: str) -> Iterator[Path]:
    """Give an emulated board's folder to one program at a time."""
    folder = installation.cache_folder(storage)
    try:
        with filelock.FileLock(folder / "lock", timeout=0):
            yield folder
    except filelock.Timeout:
        raise SpikeletError(
            f"{name} is in use by another program; wait for that one, or set SPIKELET_CACHE to "
            "another folder"
        ) from None


@contextmanager
def running(
    command: Sequence[str], announced: str, name: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a process and give it, with what it prints first that fits `announced`; end it when done.

    announced    regular expression with one group
    Raises SpikeletError, with what it printed instead, if it ends without.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    ) as process:
        try:
            yield process, _announcement(process.stdout or (), announced, name)
        finally:
            process.kill()


def _announcement(lines: Iterable[str], announced: str, name: str) -> str:
    said = []
    for line in lines:
        said.append(line.strip())
        if found := re.search(announced, said[-1]):
            return found[1]
    raise SpikeletError(f"{name} did not start: {' '.join(said) or 'it gave no reason'}")


def firmware(path: str, name: str) -> Path:
    """Return the firmware at `path`, or of that name among those that were built.

    name    how a message begins that says what is not there
    """
    found = installation.cache_folder("emulated") / path  # an absolute path stays what it is
    if not found.exists():
        found = Path(path)
    if not found.exists():
        raise SpikeletError(f"{name} {path}, which is not there; run boards/emulated/build")
    return found
