"""Test the second serial port for frames: the board keeps running after the host has left."""

import io
import json
import os
import threading
import time
import tty

import numpy as np
import pytest
from random_networks import random_network

from spikelet.boards import resolve
from spikelet.errors import SpikeletError
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks.lif_file import save_network
from spikert.session import boot, compat_boot

NETWORK = 3
# Seconds.
PATIENCE = 30


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Return (network, device) of a board that started by itself, with a recording as its sensor."""
    network = random_network(NETWORK)
    save_network(network, tmp_path / "net.lif")
    rows = np.zeros((4, network.channels), np.int16)
    (tmp_path / "rows.bin").write_bytes(rows.tobytes())
    settings = {"sensor": "replay", "rate": 1000, "channels": network.channels}
    (tmp_path / "sensor.json").write_text(json.dumps(settings))
    monkeypatch.chdir(tmp_path)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stream = io.FileIO(ours, "r+b")
    monkeypatch.setattr(compat_boot, "ports", lambda: (stream, stream))
    paths = {"network.lif": "net.lif", "samples.bin": "rows.bin", "sensor.json": "sensor.json"}
    thread = threading.Thread(target=boot.start, args=[paths], daemon=True)
    thread.start()
    yield network, os.ttyname(theirs)
    os.write(theirs, b"\x03")
    thread.join(10)
    assert not thread.is_alive()
    stream.close()
    os.close(theirs)


def test_data_port_serves_hosts_in_turn(board, capsys):
    network, device = board
    x = np.zeros((3, network.channels), np.uint8)
    for _ in range(3):
        with resolve.resolve(f"data:{device}").session() as stream:
            link = Link(stream, device, lambda text: None)
            verify.check_identity(network, link.hello(), device)
            assert verify.verify(link, network, x).passed
            link.close()
    output, end = "", time.monotonic() + PATIENCE
    # Without a host, the board prints its answers again.
    while "spikelet: " not in output and time.monotonic() < end:
        output += capsys.readouterr().out
        time.sleep(0.01)
    assert "spikelet: " in output


def test_data_port_has_no_repl(board):
    port = resolve.resolve(f"data:{board[1]}")
    for used in (port.connect, lambda: port.write_image(b"")):
        with pytest.raises(SpikeletError, match="carries data alone; name the board's console"):
            used()


def test_data_port_missing_device_is_error():
    with (
        pytest.raises(SpikeletError, match="data:/dev/none cannot be opened"),
        resolve.resolve("data:/dev/none").session(),
    ):
        pass
