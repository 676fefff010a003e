"""The interpreters that run one script, and the firmware that they import."""

import shutil
from pathlib import Path

import pytest
from boards_under_test import absent

from spikelet import installation

FIRMWARE = Path(__file__).parents[2] / "firmware"


def interpreter(name: str) -> str:
    """Return an interpreter's path, or skip."""
    built = installation.cache_folder("emulated") / name
    found = str(built) if built.exists() else shutil.which(name)
    if found is None:
        if name == "micropython":
            absent(name, "no micropython; run boards/emulated/build unix")
        pytest.skip(f"no {name} on PATH")
    return found
