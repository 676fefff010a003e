"""Test the virtual board in its process: its console, and what survives its reset."""

import ast

import pytest

from spikelet.boards import resolve
from spikelet.errors import BoardGone


@pytest.fixture
def virtual(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    return resolve.resolve("virtual")


def printed(repl, code):
    return ast.literal_eval(repl.exec(code).decode())


def test_virtual_console_is_a_binary_stream(virtual):
    with virtual.connect() as repl:
        repl.exec("import sys, usb_cdc\nport = usb_cdc.console\nport.timeout = 0.01")
        assert printed(repl, "print((port.read(3), port.in_waiting, port.connected))") == (
            *(b"", 0),
            True,
        )
        repl.exec_raw_no_follow(
            "port.timeout = 10\nbuffer = bytearray(2)\nport.readinto(buffer)\n"
            "while port.in_waiting < 2: pass\n"
            "print((bytes(buffer), port.in_waiting, port.read(1), sys.stdin.read(1)))"
        )
        repl.serial.write(b"abcd")
        output, error = repl.follow(20)
        assert (ast.literal_eval(output.decode()), error) == ((b"ab", 2, b"c", "d"), b"")
        assert printed(repl, "print((usb_cdc.data, hasattr(sys.stdin, 'buffer')))") == (None, False)


def test_virtual_reset_keeps_nvm_and_files_but_no_names(virtual):
    with pytest.raises(BoardGone, match="went away"), virtual.connect() as repl:
        repl.exec("import microcontroller as m\nm.nvm[0:2] = b'ab'\nopen('/kept', 'w').close()")
        assert repl.exec("print(m.cpu.reset_reason)").strip().endswith(b"POWER_ON")
        repl.exec("m.reset()")
    with virtual.connect() as repl:
        repl.exec("import os, microcontroller as m")
        assert printed(repl, "print((os.listdir('/'), bytes(m.nvm[0:3])))") == (["kept"], b"ab\xff")
        assert repl.exec("print(m.cpu.reset_reason)").strip().endswith(b"SOFTWARE")
    with virtual.connect() as repl:
        found = repl.exec("import microcontroller as m\nprint(m.cpu.reset_reason)")
        assert found.strip().endswith(b"POWER_ON")
