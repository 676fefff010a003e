"""A full disk behind stdout is one sentence, and names with brackets are printed as they are."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from spikelet.output import Output

BOARDS = [sys.executable, "-m", "spikelet", "boards", "pico"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_full_stdout_is_one_sentence(options):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*BOARDS, *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "spikelet boards: cannot write to stdout: No space left on device\n"


def test_table_prints_markup_as_text(capsys):
    with Output() as output:
        output.table(("[b]name", "n"), [("[/red]x", 1), ("[bold]y", 2000)])
    printed = capsys.readouterr().out
    assert all(text in printed for text in ("[b]name", "[/red]x", "[bold]y", "2,000"))


def test_json_holds_numpy_values(capsys):
    with Output(json=True) as output:
        output.results |= {"a": np.int16(3), "b": np.zeros(2), "c": b"\x01"}
    assert json.loads(capsys.readouterr().out) == {"a": 3, "b": [0.0, 0.0], "c": "01"}
