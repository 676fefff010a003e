"""Kill, reset and unplug boards while they are watched; watch other devices."""

import contextlib
import json
import os
import pty
import threading
import tty
from types import SimpleNamespace

import flash_image
import numpy as np
import pytest
from boards_under_test import blank
from fake_serial_board import FakeSerialBoard
from random_networks import random_inputs, random_network

from spikelet.boards import raw_repl, serial_port, usb_identity
from spikelet.boards.virtual import emulated, processes
from spikelet.errors import SpikeletError
from spikelet.flashing import stage
from spikelet.flashing.runtime import bytecode
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.link.turn import Turn
from spikelet.monitoring import watch as watching
from spikelet.monitoring.journal import reader
from spikelet.monitoring.watch import Gone, Reconnected, Started, Watch, replayed
from spikelet.networks import lif_file
from spikelet.networks.lif_file import save_network

USB = {"serial_number": "E66", "vid": 0x2E8A, "pid": 5, "interface": None}


@contextlib.contextmanager
def connect(port, log):
    """Open a link as `spikelet monitor` does."""
    with port.session() as stream:
        link = Link(stream, port.name, log)
        link.hello()
        yield link


def followed(watch, network, samples):
    """Follow a watch to its end; return (turns, check, events that are no turns)."""
    check, turns, others = verify.LiveCheck(network), [], []
    for event in watch.events(samples):
        if isinstance(event, Turn):
            turns.append(event.turn)
            check.check(event)
            continue
        others.append(type(event))
        if isinstance(event, Started):
            check.restart()
    return turns, check.found, others


def interrupted(network, at, interrupt):
    """Return a source of turns that calls `interrupt` before each turn in `at`."""
    replay = replayed(network)
    left = list(at)

    def turns(link, first, count, start):
        for event in replay(link, first, count, start):
            if event is not None and left and event.turn >= left[0]:
                left.pop(0)
                interrupt()
            yield event

    return turns


@pytest.fixture
def lif(tmp_path):
    """Return the file of a small network, and write a recording for it."""
    network = random_network(3)
    save_network(network, tmp_path / "net.lif")
    np.savez(tmp_path / "x.npz", x=random_inputs(network, 1, 9))
    return tmp_path / "net.lif"


@pytest.fixture
def started(monkeypatch):
    """Return the processes of emulated boards, in the order of their start."""
    running = processes.running
    found = []

    @contextlib.contextmanager
    def remembered(*arguments):
        with running(*arguments) as (process, announced):
            found.append(process)
            yield process, announced

    monkeypatch.setattr(processes, "running", remembered)
    return found


def test_the_virtual_board_is_killed_and_started_again(
    spikelet, lif, tmp_path, monkeypatch, started
):
    recording = ("--recording", tmp_path / "x.npz")
    assert spikelet("flash", lif, "--port", "virtual", *recording)[0] == 0
    started.clear()

    def kill():
        started[-1].kill()

    monkeypatch.setattr(watching, "replayed", lambda of: interrupted(of, (5, 40), kill))
    journal = tmp_path / "a.journal"
    arguments = ("monitor", "--port", "virtual", "--samples", "70", "--check", "--record", journal)
    status, out, _ = spikelet(*arguments, "--json")
    said = json.loads(out)
    assert (said["samples"], said["reconnections"]) == (70, 2)
    assert (said["differences"], said["lost_frames"], status) == (0, 0, 0)
    # Reading the network, watching, and watching again twice.
    assert len(started) == 1 + 1 + 2
    kept = reader.load_journal(journal)
    entries = list(kept.entries())
    assert [entry.number for entry in entries if entry.number >= 0] == list(range(70))
    kinds = [type(entry.event) for entry in entries]
    assert (kinds.count(Gone), kinds.count(Reconnected), kinds.count(Started)) == (2, 2, 3)
    assert kept.closed


def test_a_board_that_resets_in_a_loop_is_one_sentence(
    spikelet, lif, tmp_path, monkeypatch, started
):
    recording = ("--recording", tmp_path / "x.npz")
    assert spikelet("flash", lif, "--port", "virtual", *recording)[0] == 0
    started.clear()

    def dying(network):
        def turns(link, first, count, start):
            started[-1].kill()
            started[-1].wait()
            return replayed(network)(link, first, count, start)

        return turns

    monkeypatch.setattr(watching, "replayed", dying)
    status, _, err = spikelet("monitor", "--port", "virtual", "--samples", "5")
    assert status == 3
    assert err.count("\n") == 1
    assert "went away 5 times before it made a turn" in err
    assert len(started) == 1 + watching.WATCH_ATTEMPTS


@pytest.mark.emulated
@pytest.mark.slow
@pytest.mark.parametrize("main", [True, False], ids=["starts-by-itself", "starts-with-its-REPL"])
def test_a_pico_is_reset_while_it_is_watched(own_cache, main):
    pico = blank("pico")
    network = random_network(3)
    files = {**flash_image.runtime(pico), "network.lif": lif_file.to_bytes(network)}
    files["samples.bin"] = network.turn_bytes(random_inputs(network, 1, 9))
    if not main:
        files["main.py"] = b"print('as any program of a user')"
    flash_image.put(pico, files)
    with pico.powered() as board:
        port = serial_port.SerialPort(board.device)
        watch = Watch(
            port,
            connect,
            interrupted(network, (7,), board.reset),
            stream=False,
            log=lambda text: None,
        )
        turns, found, others = followed(watch, network, 24)
        assert board.stats()["resets"] == 1
    assert turns == list(range(24))
    assert (found.samples, found.differences) == (24, 0)
    assert others == [Started, Gone, Reconnected, Started]
    assert (watch.reconnections, watch.lost_frames) == (1, 0)


@pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")
def test_a_board_comes_back_under_another_name(tmp_path, monkeypatch):
    network = random_network(3)
    plugged = []

    def comports():
        return [SimpleNamespace(**USB, device=board.device) for board in plugged]

    def plug():
        plugged[:] = [FakeSerialBoard(tmp_path)]
        return serial_port.SerialPort(plugged[0].device)

    def replug():
        before = plugged[0]
        # The old name is still in use.
        names.append(plug().name)
        before.unplug()

    monkeypatch.setattr(usb_identity.list_ports, "comports", comports)
    port = plug()
    files = {**bytecode.sources(), "network.lif": lif_file.to_bytes(network)}
    files["samples.bin"] = network.turn_bytes(random_inputs(network, 1, 9))
    list(stage.install_payload(port, files))
    try:
        plugged[0].unplug()
        # A board of this kind ends with its connection.
        port = plug()
        names = [port.name]
        source = interrupted(network, (7,), replug)
        watch = Watch(port, connect, source, stream=False, log=lambda text: None)
        turns, found, others = followed(watch, network, 24)
    finally:
        plugged[0].unplug()
    assert turns == list(range(24))
    assert (found.samples, found.differences) == (24, 0)
    assert others == [Started, Gone, Reconnected, Started]
    assert len(set(names)) == 2
    assert watch.port.name == names[-1]


class Flooding:
    """A serial device that sends text without end."""

    def __init__(self):
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.device = os.ttyname(theirs)
        self.theirs = theirs
        self.ends = threading.Event()
        self.pumps = [threading.Thread(target=f, daemon=True) for f in (self._send, self._swallow)]
        for pump in self.pumps:
            pump.start()

    def _send(self):
        with contextlib.suppress(OSError):
            while not self.ends.is_set():
                os.write(self.ours, b"temperature 21.5, humidity 40\r\n" * 30)

    def _swallow(self):
        with contextlib.suppress(OSError):
            while os.read(self.ours, 1000):
                pass

    def close(self):
        self.ends.set()
        for descriptor in (self.theirs, self.ours):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def flooding():
    made = Flooding()
    yield made
    made.close()


@pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")
def test_a_device_that_floods_the_port_with_text_is_one_sentence(spikelet, flooding):
    status, _, err = spikelet("monitor", "--port", flooding.device, "--samples", "5")
    assert status == 3
    assert err.count("\n") == 1
    assert "sends text without end (such as " in err
    assert "neither Ctrl-C nor a soft reset stops it" in err


@pytest.mark.skipif(os.name != "posix", reason="needs pseudo-terminals")
def test_a_flood_in_the_place_of_the_board_ends_the_watch(lif, tmp_path, flooding, monkeypatch):
    network = random_network(3)
    virtual = emulated.Virtual()
    samples = network.turn_bytes(random_inputs(network, 1, 9))
    flashed = {"network.lif": lif_file.to_bytes(network), "samples.bin": samples}
    list(stage.install_payload(virtual, bytecode.sources() | flashed))
    monkeypatch.setattr(raw_repl, "FLOOD", 0.1)
    monkeypatch.setattr(raw_repl, "PRINTING", 0.1)
    monkeypatch.setattr(raw_repl, "REBOOT", 0.1)
    opened = []

    @contextlib.contextmanager
    def moved(port, log):
        opened.append(port.name)
        where = virtual if len(opened) == 1 else serial_port.SerialPort(flooding.device)
        with connect(where, log) as link:
            yield link

    def gone():
        raise watching.BoardGone("virtual went away")

    source = interrupted(network, (3,), gone)
    watch = Watch(virtual, moved, source, stream=False, log=lambda text: None)
    with pytest.raises(SpikeletError, match="was of no use 5 times: .*sends text without end"):
        followed(watch, network, 20)
    assert watch.answers == 3
    assert len(opened) == 1 + watching.WATCH_ATTEMPTS
