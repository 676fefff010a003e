"""Copying files into a board's file system so that none is ever half there."""

import hashlib
from collections.abc import Iterator, Mapping

from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet.errors import SpikeletError

CHUNK = 1024  # bytes in one go: a board with little memory needs four times as much to read them

ON_BOARD = """
import hashlib, os

def _sha256(path):
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            data = file.read(512)
            while data:
                digest.update(data)
                data = file.read(512)
    except OSError:
        return None
    return digest.digest()

def _write(path, mode, data):
    with open(path, mode) as file:
        file.write(data)

def _replace(old, new):
    try:
        os.remove(new)
    except OSError:
        pass
    os.rename(old, new)

def _make(folder):
    try:
        os.mkdir(folder)
    except OSError:
        pass
"""


def copy(
    transport: SerialTransport, files: Mapping[str, bytes], chunk: int = CHUNK
) -> Iterator[tuple[int, int]]:
    """Copy files by their path, skipping those that are there; yield (bytes done, of how many).

    Each goes to a temporary name, is hashed by the board, and only then takes its place.
    Raises SpikeletError if the board is full, or holds something else than was sent.
    """
    total = sum(len(data) for data in files.values())
    done = 0
    transport.exec(ON_BOARD)
    held = transport.eval(f"[_sha256(path) for path in {list(files)!r}]")
    for folder in _folders(files):
        transport.exec(f"_make({folder!r})")
    for (path, data), digest in zip(files.items(), held, strict=True):
        if digest != hashlib.sha256(data).digest():
            _store(transport, path, data, chunk)
        done += len(data)
        yield done, total


def _folders(files: Mapping[str, bytes]) -> list[str]:
    """Return the folders that the files need, parents first."""
    folders: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted(folders)


def _store(transport: SerialTransport, path: str, data: bytes, chunk: int) -> None:
    temporary = path + ".new"
    try:
        for start in range(0, max(len(data), 1), chunk):
            mode = "ab" if start else "wb"
            transport.exec(f"_write({temporary!r}, {mode!r}, {data[start : start + chunk]!r})")
    except TransportExecError as error:
        raise SpikeletError(
            f"the board could not store {path} of {len(data)} bytes "
            f"({last_line(error.error_output)}); remove files from it, its others are as they were"
        ) from None
    if transport.eval(f"_sha256({temporary!r})") != hashlib.sha256(data).digest():
        raise SpikeletError(f"{path} arrived damaged on the board; flash again")
    transport.exec(f"_replace({temporary!r}, {path!r})")


def last_line(text: str) -> str:
    """Return the last line of a traceback, which says what went wrong."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
