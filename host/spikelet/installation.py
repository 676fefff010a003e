"""Where this installation keeps what goes on boards, and what it keeps between runs."""

import os
from pathlib import Path

import platformdirs

import spikert
from spikelet import minify
from spikelet.errors import SpikeletError

ENTRY_POINTS = ("main.py", "code.py")  # MicroPython's and CircuitPython's, which takes both
_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def runtime_files() -> dict[str, bytes]:
    """Return the runtime's files by their path on the board, the entry points among them."""
    folder = Path(spikert.__file__).parent
    files = {
        f"spikert/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*.py"))
    }
    return files | dict.fromkeys(ENTRY_POINTS, entry_point())


def entry_point() -> bytes:
    """Return what a board's interpreter starts with: it finds what was flashed."""
    return (_installed_or("entry", "firmware") / "main.py").read_bytes()


def board_side(name: str, **values: object) -> str:
    """Return code for a board's REPL, minified, from `firmware/board_side/`.

    Parameters
    ----------
    name : str
        The file, without its ending.
    **values : object
        Assigned in front of the code, which declares their names.
    """
    source = (_installed_or("board_side", "firmware/board_side") / f"{name}.py").read_text()
    front = "".join(f"{key} = {value!r}\n" for key, value in values.items())
    return front + minify.compact(source)


def board_folder() -> Path:
    """Return the folder of board files."""
    return _installed_or("board_files", "boards")


def cache_folder(*parts: str) -> Path:
    """Return a folder for what can be made again; SPIKELET_CACHE names another place for it.

    Raises SpikeletError if it cannot be made.
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
