"""Locates the firmware, the board files and the cache of this installation."""

import os
from pathlib import Path

import platformdirs

import spikert
from spikelet import minify
from spikelet.errors import SpikeletError

# MicroPython starts main.py; CircuitPython starts code.py, or else main.py.
ENTRY_POINTS = ("main.py", "code.py")
_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def runtime_files() -> dict[str, bytes]:
    """Return the files of the runtime, with its entry points.

    Returns
    -------
    dict of str to bytes
        {path on the board: source}.
    """
    folder = Path(spikert.__file__).parent
    files = {
        f"spikert/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
    }
    return files | dict.fromkeys(ENTRY_POINTS, entry_point())


def entry_point() -> bytes:
    """Return the program that the interpreter of a board starts; it finds the flashed files."""
    return (_installed_or("entry", "firmware") / "main.py").read_bytes()


def board_side(name: str, **values: object) -> str:
    """Return minified code for the REPL of a board, from `firmware/board_side/`.

    Parameters
    ----------
    name : str
        The name of the file, without its suffix.
    **values : object
        Values for the names that the code declares; they are assigned before it.
    """
    source = (_installed_or("board_side", "firmware/board_side") / f"{name}.py").read_text()
    front = "".join(f"{key} = {value!r}\n" for key, value in values.items())
    return front + minify.compact(source)


def board_folder() -> Path:
    """Return the folder of the board files."""
    return _installed_or("board_files", "boards")


def cache_folder(*parts: str) -> Path:
    """Return a folder for files that can be built again; make it if it is missing.

    The cache is the user's cache folder of the operating system, or the folder in SPIKELET_CACHE.

    Parameters
    ----------
    *parts : str
        Folders within the cache.

    Raises
    ------
    SpikeletError
        If the folder cannot be made.
    """
    root = os.environ.get("SPIKELET_CACHE") or platformdirs.user_cache_dir("spikelet", False)
    folder = Path(root, *parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpikeletError(
            f"cannot make {folder}: {error.strerror}; set SPIKELET_CACHE to a folder you can write"
        ) from None
    return folder


def _installed_or(installed: str, in_checkout: str) -> Path:
    folder = _PACKAGE / installed
    return folder if folder.is_dir() else _CHECKOUT / in_checkout
