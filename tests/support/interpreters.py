"""Find the interpreters that run test scripts, and the firmware for them."""

import shutil
from pathlib import Path

import pytest
from boards_under_test import absent

from spikelet import installation

FIRMWARE = Path(__file__).parents[2] / "firmware"


def interpreter(name: str) -> str:
    """Return the path of an interpreter, or skip the test."""
    built = installation.cache_folder("emulated") / name
    path = str(built) if built.exists() else shutil.which(name)
    if path is None:
        if name == "micropython":
            absent(name, "no micropython; run boards/emulated/build unix")
        pytest.skip(f"no {name} on PATH")
    return path
