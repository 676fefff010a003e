"""Start and end the processes of boards without hardware, and lock their folders."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import filelock

from spikelet import installation
from spikelet.errors import BoardError


@contextmanager
def owned(storage: str, name: str) -> Iterator[Path]:
    """Yield an emulated board's folder to one program at a time; raise SpikeletError for another."""
    folder = installation.cache_folder(storage)
    try:
        with filelock.FileLock(folder / "lock", timeout=0):
            yield folder
    except filelock.Timeout:
        raise BoardError(
            f"{name} is in use by another program; wait for that one, or set SPIKELET_CACHE to "
            "another folder"
        ) from None


@contextmanager
def running(
    command: Sequence[str], announced: str, name: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a process until the end of the context.

    Parameters
    ----------
    command : sequence of str
        Program and its arguments.
    announced : str
        Regular expression with one group, which finds the announcement in the output.
    name : str
        Name of the board in messages.
    env : mapping of str to str, optional
        Environment of the process.

    Yields
    ------
    process : Popen
    announcement : str
        The first match of the group.

    Raises
    ------
    SpikeletError
        If the process ends without an announcement; the message has its output.
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
    output = []
    for line in lines:
        output.append(line.strip())
        if match := re.search(announced, output[-1]):
            return match[1]
    raise BoardError(f"{name} did not start: {' '.join(output) or 'it gave no reason'}")


def firmware(path: str, name: str) -> Path:
    """Return the firmware of this name that boards/emulated/build made, or else the file at `path`.

    Parameters
    ----------
    path : str
        Name or path of a firmware.
    name : str
        Beginning of the message for a missing firmware, such as "pico needs".

    Raises
    ------
    SpikeletError
        If neither file exists.
    """
    # pathlib ignores the folder before an absolute path.
    file = installation.cache_folder("emulated") / path
    if not file.exists():
        file = Path(path)
    if not file.exists():
        raise BoardError(f"{name} {path}, which is not there; run boards/emulated/build")
    return file
