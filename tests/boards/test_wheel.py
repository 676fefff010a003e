"""Test the wheel alone in a clean environment, away from the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from thorough import thorough

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("dependencies", ["lent", pytest.param("installed", marks=thorough)])
def test_the_wheel_runs_the_demo(tmp_path, dependencies):
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "venv")
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    install += ["install", "--quiet", f"{wheel}[pictures]"]
    if dependencies == "lent":
        install.append("--no-deps")
        # Python finds packages in this folder, and does not heed its links to the checkout.
        path = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv")})
        Path(path, "lent.pth").write_text(sysconfig.get_path("purelib"))
    subprocess.run(install, check=True, capture_output=True)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    clean["SPIKELET_CACHE"] = str(tmp_path / "cache")

    def spikelet(*arguments):
        command = [str(programs / "spikelet"), *arguments, "--json"]
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, check=True)
        return json.loads(done.stdout)

    found = spikelet("demo")
    assert found["differences"] == 0
    assert found["lost_frames"] == 0
    assert found["samples"] == 360
    assert found["accuracy"] >= 0.965
    assert found["synaptic_events"] <= 2600
    assert (tmp_path / found["picture"]).read_bytes().startswith(b"\x89PNG")
    assert {"virtual", "qemu-m0"} <= {board["name"] for board in spikelet("boards")["boards"]}
    check_types(programs / "python", tmp_path, clean)


PROGRAM = """
import numpy as np
import spikelet

x = np.zeros((40, 9), np.uint8)
y = np.arange(40) % 2
net: spikelet.FloatNetwork = spikelet.train(x, y, hidden=64)
table, report = spikelet.convert(net)
bits: int = report.bits
with spikelet.Board("virtual") as board:
    sent: int = board.flash(table).sent
    found = board.verify(table, x, y)
    lost: int = found.lost_frames
    for turn in board.monitor(turns=1):
        answer: int = turn.answer
"""


def check_types(python: Path, folder: Path, environment: dict[str, str]) -> None:
    """Have mypy read a program that uses the installed wheel."""
    program = folder / "program.py"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable"]
    for text, status in ((PROGRAM, 0), (PROGRAM.replace("answer: int", "answer: str"), 1)):
        program.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [*command, str(python), str(program)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
