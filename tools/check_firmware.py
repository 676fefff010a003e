"""Run mypy on the firmware, with CircuitPython's types of the standard library.

    python tools/check_firmware.py [PATH...]

By default mypy takes these types from CPython. The modules of circuitpython-stubs have the same names
but fewer functions: for example, its hashlib has no sha256. This tool puts them first.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

FIRMWARE = Path(__file__).parents[1] / "firmware"
READ = (FIRMWARE / "spikert", FIRMWARE / "board_side")
ENDING = "-stubs"


def stubs() -> dict[str, Path]:
    """Return {name: folder} of the standard library's modules that circuitpython-stubs describes."""
    installed = Path(sysconfig.get_path("purelib"))
    folders = {path.name.removesuffix(ENDING): path for path in installed.glob(f"*{ENDING}")}
    return {name: path for name, path in folders.items() if name in sys.stdlib_module_names}


def check(*paths: Path) -> int:
    """Run mypy on files and folders; return its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in stubs().items():
            Path(folder, name).symlink_to(path, target_is_directory=True)
        command = [sys.executable, "-m", "mypy", "--config-file", FIRMWARE / "mypy.ini", *paths]
        return subprocess.run(
            command, env=os.environ | {"MYPYPATH": folder}, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(check(*(map(Path, sys.argv[1:]) if sys.argv[1:] else READ)))
