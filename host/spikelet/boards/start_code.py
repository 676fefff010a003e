"""Provide the code that makes the runtime importable on a board, and its paths."""

from __future__ import annotations

from collections.abc import Collection

from spikelet import installation, minify
from spikert.session import NETWORK, RECORDING, SENSOR

FOLDER = "spikelet"
ACTIVE = f"{FOLDER}/active"
# Key of the runtime's folder in `_paths`.
RUNTIME = "runtime"
ENDINGS = {NETWORK: ".lif", RECORDING: ".bin", SENSOR: ".json"}

# Code that makes the runtime in use importable and sets `_paths`, {name: path} of the files in use.
CHOOSE_ACTIVE = (
    minify.compact(installation.entry_point().decode().partition("if __name__")[0])
    + "_paths = active()\n"
)


def in_rom(files: Collection[str] = (NETWORK, RECORDING, SENSOR)) -> dict[str, str]:
    """Return {name: path} of the runtime and of `files` in a board's ROM."""
    return {RUNTIME: "/rom"} | {name: f"/rom/{name}" for name in ENDINGS if name in files}


def import_session(prelude: str) -> str:
    """Return code that runs a prelude and reloads the session of the runtime."""
    return installation.board_side("forget_runtime") + prelude + "\nfrom spikert import session\n"
