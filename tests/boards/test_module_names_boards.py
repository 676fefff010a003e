"""Test that MicroPython itself has the names of modules that the firmware uses."""

import ast

import pytest
from boards_under_test import marks, opened
from module_uses import MICROPYTHON_GUARDED, files, lacking, uses

# {name: reason}, besides those that real chips lack.
GUARDED = MICROPYTHON_GUARDED | {
    "machine": "these have no pins",
    "micropython.asm_thumb": "the compiler knows the decorator",
    "micropython.native": "the compiler knows the decorator",
    "micropython.viper": "the compiler knows the decorator",
    "os.sync": "hasattr; these have no cache of writes",
    "os.uname": "survey.py asks for AttributeError",
    "select": "compat.pending asks for ImportError; nothing waits then",
    "time": "QEMU's boards have no clock",
    "vfs.rom_ioctl": "these have no ROM partition",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks(name)) for name in ("unix", "qemu:m3")]
)
def test_micropython_lists_names_that_firmware_uses(name):
    used = uses(files("micropython"))
    wanted = sorted({use.partition(".")[0] for use in used} - {"ulab"})
    code = f"""
found = {{}}
for name in {wanted}:
    try:
        found[name] = dir(__import__(name))
    except ImportError:
        pass
print(found)
"""
    with opened(name).connect() as repl:
        names = ast.literal_eval(repl.exec(code).decode())
    assert len(names) >= 8
    assert lacking(used, names, GUARDED) == {}
