"""Test a serial device: the virtual board's process behind a pseudo-terminal."""

import contextlib
import os
import pty
import tty

import pytest
import serial
from fake_serial_board import FakeSerialBoard
from random_networks import random_network

from spikelet.boards import raw_repl, resolve
from spikelet.flashing import upload
from spikelet.link.link import Link
from spikelet.networks.lif_file import save_network

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")


@pytest.fixture
def board(tmp_path):
    """Return a board at a serial device, with an empty file system."""
    folder = tmp_path / "board"
    folder.mkdir()
    made = FakeSerialBoard(folder)
    made.files = folder
    yield made
    with contextlib.suppress(OSError):
        made.unplug()


@pytest.fixture
def lif(tmp_path):
    """Return the file of a small network."""
    path = tmp_path / "net.lif"
    save_network(random_network(3), path)
    return path


def test_flash_verify_and_monitor_over_one_cable(spikelet, board, lif):
    port = ("--port", board.device)
    assert spikelet("flash", lif, *port)[0] == 0
    (stored,) = (board.files / "spikelet").glob("*.lif")
    assert stored.read_bytes() == lif.read_bytes()
    assert not list(board.files.rglob("*.new"))
    for kernel in ("ulab", "plain"):
        status, out, _ = spikelet("verify", lif, *port, "--kernel", kernel)
        assert status == 0
        assert "0 differences, 0 lost frames" in out


def test_flash_sends_only_changed_files(spikelet, board, lif, tmp_path):
    port = ("--port", board.device)
    spikelet("flash", lif, *port)
    before = {path: path.stat().st_mtime_ns for path in board.files.rglob("*.*")}
    other = tmp_path / "other.lif"
    save_network(random_network(4), other)
    assert spikelet("flash", other, *port)[0] == 0
    after = {path: path.stat().st_mtime_ns for path in board.files.rglob("*.*")}
    assert {path.suffix for path in before.keys() ^ after.keys()} == {".lif"}
    assert all(before[path] == after[path] for path in before.keys() & after.keys())


def test_a_host_that_died_leaves_the_board_usable(spikelet, board, lif):
    port = ("--port", board.device)
    spikelet("flash", lif, *port)
    with resolve.resolve(board.device).session() as stream:
        link = Link(stream, board.device, lambda text: None)
        # The link is never closed.
        link.hello()
    status, out, _ = spikelet("verify", lif, *port)
    assert status == 0
    assert "0 differences, 0 lost frames" in out


def test_a_device_in_use(spikelet, board, lif):
    with serial.Serial(board.device, exclusive=True):
        status, _, err = spikelet("verify", lif, "--port", board.device)
    assert status == 3
    assert err.count("\n") == 1
    assert f"{board.device} is in use" in err


def test_a_device_that_is_no_board(spikelet, lif, monkeypatch):
    monkeypatch.setattr(raw_repl, "READ_TIMEOUT", 0.2)
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        status, _, err = spikelet("verify", lif, "--port", os.ttyname(theirs))
    finally:
        os.close(ours)
        os.close(theirs)
    assert status == 3
    assert err.count("\n") == 1
    assert "REPL" in err


def test_a_cable_pulled_during_flash_leaves_the_old_network(spikelet, board, lif, monkeypatch):
    port = ("--port", board.device)
    spikelet("flash", lif, *port)
    old = {path: path.read_bytes() for path in board.files.rglob("*.*")}
    other = lif.with_name("other.lif")
    save_network(random_network(4), other)
    sent = []

    def pulled(kind, number, data):
        sent.append(kind)
        if sent.count(b"B") == 1:
            board.unplug()
        return made(kind, number, data)

    made = upload.message
    monkeypatch.setattr(upload, "message", pulled)
    status, _, err = spikelet("flash", other, *port)
    assert status == 3
    assert err.count("\n") == 1
    assert "went away" in err
    assert b"E" not in sent
    assert {path: path.read_bytes() for path in old} == old
