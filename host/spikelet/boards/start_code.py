"""Code that makes the runtime importable on a board, and the paths that it uses."""

from __future__ import annotations

from collections.abc import Collection

from spikelet import installation, minify
from spikert.session import NETWORK, RECORDING, SENSOR

FOLDER = "spikelet"
ACTIVE = f"{FOLDER}/active"
RUNTIME = "runtime"  # the name of its folder among the paths
ENDINGS = {NETWORK: ".lif", RECORDING: ".bin", SENSOR: ".json"}

# Code that makes the runtime in use importable, and `_paths` of {name: path} of what is in use.
CHOOSE_ACTIVE = (
    minify.compact(installation.entry_point().decode().partition("if __name__")[0])
    + "_paths = active()\n"
)


def in_rom(files: Collection[str] = (NETWORK, RECORDING, SENSOR)) -> dict[str, str]:
    """Return the paths of those of the files that a board keeps in its ROM."""
    return {RUNTIME: "/rom"} | {name: f"/rom/{name}" for name in ENDINGS if name in files}


def import_session(prelude: str) -> str:
    """Return code that imports the runtime's session anew, after a prelude."""
    return installation.board_side("forget_runtime") + prelude + "\nfrom spikert import session\n"
