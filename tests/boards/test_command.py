"""Test commands with boards: whole journeys, and faults in one sentence each."""

import json
import os
import signal
import subprocess
import sys
import time

import filelock
import numpy as np
import pytest
from random_networks import random_inputs, random_network
from thorough import thorough

from spikelet import installation
from spikelet.boards import serial_port
from spikelet.flashing.layout import parse_listing
from spikelet.link.link import Link
from spikelet.networks.lif_file import save_network


@pytest.fixture
def network(tmp_path):
    """Return a small network, and write its file."""
    made = random_network(3)
    save_network(made, tmp_path / "net.lif")
    return made


def one_sentence(stderr: str, *words: str) -> bool:
    """Return whether stderr is one line, without a traceback, that has these words."""
    return stderr.count("\n") == 1 and "Traceback" not in stderr and all(w in stderr for w in words)


def test_flash_run_and_verify_agree_with_the_reference(spikelet, network, tmp_path):
    x = random_inputs(network, 5, 7)
    np.savez(tmp_path / "x.npz", x=x)
    lif = tmp_path / "net.lif"
    assert spikelet("flash", lif, "--port", "virtual")[0] == 0
    status, out, _ = spikelet(
        "run", lif, tmp_path / "x.npz", "--port", "virtual", "-o", tmp_path / "s.npz", "--json"
    )
    assert status == 0
    assert json.loads(out)["lost_frames"] == 0
    expected = network.simulate(x)
    with np.load(tmp_path / "s.npz") as got:
        assert (got["answer"] == expected.answers).all()
        for k in range(len(network.layers)):
            assert got[f"spikes_{k}"].dtype == np.uint8
            assert (got[f"spikes_{k}"] == expected.spikes[k]).all()
            assert got[f"membrane_{k}"].dtype == np.int16
            assert (got[f"membrane_{k}"] == expected.membranes[k]).all()
    status, out, _ = spikelet("verify", lif, "--port", "virtual", "--json")
    assert status == 0
    assert json.loads(out)["differences"] == 0


def test_monitor_checks_a_recording_on_the_board(spikelet, network, tmp_path):
    np.savez(tmp_path / "x.npz", x=random_inputs(network, 1, 9))
    lif = tmp_path / "net.lif"
    recording = ("--recording", tmp_path / "x.npz")
    assert spikelet("flash", lif, "--port", "virtual", *recording)[0] == 0
    arguments = ("monitor", "--port", "virtual", "--samples", "20", "--check")
    status, out, _ = spikelet(*arguments, "--json")
    found = json.loads(out)
    assert (status, found["samples"], found["differences"], found["lost_frames"]) == (0, 20, 0, 0)


def test_monitor_refuses_unusable_record_path(spikelet, tmp_path):
    (tmp_path / "mine").write_text("mine")
    for target, expected, words in (
        ("mine", 2, "is there already"),
        ("no/folder", 1, "cannot write"),
    ):
        arguments = ("monitor", "--port", "virtual", "--record", tmp_path / target)
        status, out, err = spikelet(*arguments, "--samples", "3")
        assert (status, out) == (expected, "")
        assert one_sentence(err, words)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine").read_text() == "mine"


def test_monitor_without_a_recording_says_how_to_make_one(spikelet, network, tmp_path):
    spikelet("flash", tmp_path / "net.lif", "--port", "virtual")
    status, _, err = spikelet("monitor", "--port", "virtual", "--samples", "1")
    assert status == 1
    assert one_sentence(err, "no recording", "flash --recording")


def test_another_network_on_the_board(spikelet, network, tmp_path):
    spikelet("flash", tmp_path / "net.lif", "--port", "virtual")
    save_network(random_network(4), tmp_path / "other.lif")
    status, out, err = spikelet("verify", tmp_path / "other.lif", "--port", "virtual", "--json")
    assert status == 1
    assert one_sentence(err, "another network", "spikelet flash")
    assert "another network" in json.loads(out)["error"]


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        pytest.param(lambda data: data[:-9], "header says", id="truncated"),
        pytest.param(lambda data: data[:70] + b"\x55" + data[71:], "CRC", id="corrupted"),
        pytest.param(
            lambda data: data[:4] + b"\x09" + data[5:], "format 9", id="newer", marks=thorough
        ),
        pytest.param(lambda data: data + bytes(8), "header says", id="oversized", marks=thorough),
        pytest.param(lambda data: b"", "not a .lif file", id="empty"),
    ],
)
def test_a_bad_file_is_refused_by_host_and_board(
    spikelet, network, tmp_path, own_cache, damage, word
):
    lif = tmp_path / "net.lif"
    spikelet("flash", lif, "--port", "virtual")
    files = own_cache / "virtual" / "files"
    on_board = files / parse_listing((files / "spikelet/active").read_bytes())["network.lif"]
    good = on_board.read_bytes()
    on_board.write_bytes(damage(good))
    status, _, err = spikelet("verify", lif, "--port", "virtual")
    assert status == 1
    assert one_sentence(err, word, "spikelet flash")
    bad = tmp_path / "bad.lif"
    bad.write_bytes(damage(good))
    for verb in (("flash", bad), ("inspect", bad), ("verify", bad)):
        status, _, err = spikelet(*verb)
        assert status == 4
        assert one_sentence(err, "bad.lif", word)
    # The bad file was not flashed.
    assert on_board.read_bytes() == damage(good)
    assert spikelet("flash", lif, "--port", "virtual")[0] == 0


def test_verify_of_empty_board_recommends_flash(spikelet, network, tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path / "fresh"))
    status, _, err = spikelet("verify", tmp_path / "net.lif", "--port", "virtual")
    assert status == 1
    assert one_sentence(err, "no Spikelet runtime", "spikelet flash")


class FakeUsbPort:
    vid, pid, serial_number = 1, 2, "A1"

    def __init__(self, device):
        self.device = device


@pytest.mark.parametrize(
    ("devices", "spelling", "words"),
    [
        ((), "auto", ("no board is attached", "virtual")),
        (("/dev/ttyX0", "/dev/ttyX1"), "auto", ("2 boards", "/dev/ttyX0, /dev/ttyX1", "--port")),
        (("/dev/ttyX0", "/dev/ttyX1"), None, ("2 boards", "/dev/ttyX0, /dev/ttyX1", "--port")),
        (("/dev/ttyX0",), "id:B7", ("B7", "/dev/ttyX0")),
        ((), "/dev/not-there", ("/dev/not-there", "doctor")),
        ((), "qemu:m7", ("qemu:m7", "qemu:m3")),
        ((), "qemu:m0:/no/such.elf", ("/no/such.elf", "build")),
        ((), "unix:/no/such", ("/no/such", "unix:PATH")),
    ],
)
def test_a_port_that_is_not_there(
    spikelet, network, tmp_path, monkeypatch, devices, spelling, words
):
    monkeypatch.setattr(
        serial_port.list_ports, "comports", lambda: [FakeUsbPort(name) for name in devices]
    )
    named = () if spelling is None else ("--port", spelling)
    status, _, err = spikelet("verify", tmp_path / "net.lif", *named)
    assert status == (2 if len(devices) == 2 else 3)
    assert one_sentence(err, *words)


def test_the_virtual_board_is_the_default(spikelet, network, tmp_path, monkeypatch):
    monkeypatch.setattr(serial_port.list_ports, "comports", list)
    spikelet("flash", tmp_path / "net.lif")
    status, out, _ = spikelet("verify", tmp_path / "net.lif", "--json")
    assert (status, json.loads(out)["port"]) == (0, "virtual")


def test_an_emulated_board_in_use(spikelet, network, tmp_path, own_cache):
    folder = installation.cache_folder("virtual")
    with filelock.FileLock(folder / "lock"):
        status, _, err = spikelet("flash", tmp_path / "net.lif", "--port", "virtual")
    assert status == 3
    assert one_sentence(err, "in use")


def test_a_board_unplugged_in_the_middle(spikelet, network, tmp_path, monkeypatch):
    lif = tmp_path / "net.lif"
    spikelet("flash", lif, "--port", "virtual")
    started = []
    start = subprocess.Popen

    def remembered(*args, **kwargs):
        started.append(start(*args, **kwargs))
        return started[-1]

    run = Link.run

    def unplug_at_third(link, net, number, *readings):
        if number == 2:
            started[-1].kill()
        return run(link, net, number, *readings)

    monkeypatch.setattr(subprocess, "Popen", remembered)
    monkeypatch.setattr(Link, "run", unplug_at_third)
    np.savez(tmp_path / "x.npz", x=random_inputs(network, 5, 7))
    kept = tmp_path / "spikes.npz"
    kept.write_bytes(b"of an earlier run")
    status, _, err = spikelet("run", lif, tmp_path / "x.npz", "--port", "virtual", "-o", kept)
    assert status == 3
    assert one_sentence(err, "virtual went away", "plug it in")
    assert kept.read_bytes() == b"of an earlier run"
    monkeypatch.undo()
    assert spikelet("verify", lif, "--port", "virtual")[0] == 0


@pytest.fixture
def ctrl_c_is_heard():
    """Let processes of this test react to Ctrl-C, which shells disable for background jobs."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_is_heard")
def test_ctrl_c_stops_with_130_and_leaves_the_board_usable(spikelet, network, tmp_path):
    lif = tmp_path / "net.lif"
    spikelet("flash", lif, "--port", "virtual")
    np.savez(tmp_path / "x.npz", x=np.tile(random_inputs(network, 5, 8), (4000, 1)))
    command = [sys.executable, "-m", "spikelet", "run", str(lif), str(tmp_path / "x.npz")]
    command += ["--port", "virtual", "-o", str(tmp_path / "spikes.npz")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    # The first line names the board and the kernel.
    assert "kernel" in process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert one_sentence(err, "interrupted")
    assert not (tmp_path / "spikes.npz").exists()
    assert spikelet("verify", lif, "--port", "virtual")[0] == 0


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("train",), ("train", "digits", "-o", "x", "--steps", "many")]
)
def test_bad_usage_is_2(spikelet, arguments):
    status, _, err = spikelet(*arguments)
    assert status == 2
    assert "usage: spikelet" in err


def test_run_reports_lost_frames_and_writes_no_file(spikelet, network, tmp_path, monkeypatch):
    lif = tmp_path / "net.lif"
    spikelet("flash", lif, "--port", "virtual")

    def lost(link, net, number, *readings):
        link.lost_frames += 3

    monkeypatch.setattr(Link, "run", lost)
    np.savez(tmp_path / "x.npz", x=random_inputs(network, 5, 2))
    out = tmp_path / "spikes.npz"
    status, _, err = spikelet("run", lif, tmp_path / "x.npz", "--port", "virtual", "-o", out)
    assert status == 1
    assert one_sentence(err, "6 frames", "2 samples", "lost")
    assert not out.exists()
    status, found, _ = spikelet("verify", lif, "--port", "virtual", "--json")
    assert status == 1
    assert json.loads(found)["lost_frames"] > 0


def test_help_has_an_example_for_every_verb(spikelet):
    from spikelet.cli import VERBS

    for verb in VERBS:
        status, out, _ = spikelet(verb, "--help")
        assert status == 0
        assert f"example:\n  spikelet {verb}" in out


def test_help_imports_no_heavy_module():
    code = "import sys, spikelet.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'numpy', 'rich', 'nir', 'serial', 'mpremote'} & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"
