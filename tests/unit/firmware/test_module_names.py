"""Test that boards have the names of modules that the firmware uses.

CircuitPython's names are those of the virtual board, which test_virtual_modules.py compares with
circuitpython-stubs. tools/list_micropython_names.py lists MicroPython's, from the stubs of three ports.
tests/boards/test_module_names_boards.py asks MicroPython itself.
"""

import json
from pathlib import Path

import pytest
from module_uses import CIRCUITPYTHON_GUARDED, MICROPYTHON_GUARDED, files, lacking, used_in, uses
from sensor_boards import VIRTUAL, fresh_modules

PORTS = json.loads((Path(__file__).parent / "micropython_names.json").read_text(encoding="utf-8"))


def circuitpython():
    with fresh_modules(VIRTUAL):
        from circuitpython_names import NAMES
    # A console of text, as the sources of shared-module/sys and py/sysstdio.c have it.
    text = {"read", "readinto", "readline", "readlines", "write"}
    return NAMES | {"sys.stdin": text, "sys.stdout": text}


def micropython(port):
    return {name: set(text.split()) for name, text in PORTS[port].items()}


def test_circuitpython_has_names_that_firmware_uses():
    used = uses(files("circuitpython"))
    assert len(used) > 60
    assert lacking(used, circuitpython(), CIRCUITPYTHON_GUARDED) == {}


@pytest.mark.parametrize("port", PORTS)
def test_micropython_has_names_that_firmware_uses(port):
    used = uses(files("micropython"))
    assert len(used) > 60
    assert lacking(used, micropython(port), MICROPYTHON_GUARDED) == {}


def test_guarded_names_are_used_and_missing_somewhere():
    absent = lacking(uses(files("circuitpython")), circuitpython(), {})
    assert _covered(CIRCUITPYTHON_GUARDED, absent) == set(CIRCUITPYTHON_GUARDED)
    used, absent = uses(files("micropython")), {}
    for port in PORTS:
        absent |= lacking(used, micropython(port), {})
    assert _covered(MICROPYTHON_GUARDED, absent) == set(MICROPYTHON_GUARDED)


def _covered(guarded, absent):
    return {name for name in guarded if any(f"{used}.".startswith(f"{name}.") for used in absent)}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import hashlib\nhashlib.sha256(b'')", "hashlib.sha256"),
        ("from hashlib import sha256", "hashlib.sha256"),
        ("import binascii as b\nb.crc_hqx(b'', 0)", "binascii.crc_hqx"),
        ("import sys\nsys.stdin.buffer.read()", "sys.stdin.buffer"),
        ("from spikert.compat import time\ntime.time_ns()", "time.time_ns"),
        ("import gc\nhasattr(gc, 'freeze')", "gc.freeze"),
        ("import gc\ndef f():\n getattr(gc, 'freeze', None)", "gc.freeze"),
        ("import numpy", "numpy"),
    ],
)
def test_use_of_name_that_boards_lack_is_found(code, found):
    used = {name: ["file.py"] for name in used_in(code)}
    assert found in lacking(used, circuitpython(), {})
