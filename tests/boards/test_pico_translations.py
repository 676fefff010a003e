"""Compare the translated code of the emulated Pico with its interpreter, which runs it in step.

After each slice the registers, flags, cycles, RAM and output have to be the same.
"""

import os
import subprocess
from pathlib import Path

import pytest
from boards_under_test import opened
from thorough import thorough

from spikelet.boards.virtual.pico import RUNNER

pytestmark = pytest.mark.emulated

SUPPORT = Path(__file__).parents[1] / "support"
COMPARE = SUPPORT / "compare_translations.mjs"
SCRIPT = SUPPORT / "busy_script.py"
# Slices of 200,000 cycles, in which the script ends.
SLICES = 500


def compare(folder, pico, *options):
    """Run the comparison, which must succeed, and return its output."""
    command = ["node", COMPARE, RUNNER.parent, folder, *options]
    env = os.environ | {"RP2040JS": str(pico.emulator)}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_translated_random_programs_run_like_interpreted(tmp_path):
    compare(tmp_path, opened("pico"), "random", *range(10))


@thorough
def test_translated_random_programs_run_like_interpreted_all(tmp_path):
    compare(tmp_path, opened("pico"), "random", *range(10, 100))


@thorough
def test_translated_firmware_runs_like_interpreted(tmp_path):
    pico = opened("pico")
    output = compare(tmp_path, pico, "firmware", pico.firmware, SCRIPT, SLICES)
    assert "703494454 20033" in output
    assert "hello" in output
