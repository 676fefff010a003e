"""Check which network an emulated Pico starts when its power comes on."""

import time

import serial
from random_networks import random_inputs

from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file

SAMPLES = 3
# Seconds.
PATIENCE = 60


def wait_for_resets(board, count=1):
    """Wait until a powered Pico has been reset `count` times since it was switched on."""
    end = time.monotonic() + PATIENCE
    while (resets := board.stats()["resets"]) < count and time.monotonic() < end:
        time.sleep(0.01)
    assert resets >= count, f"{resets} resets in {PATIENCE} s, not {count}"


def started(pico, *networks):
    """Switch a Pico on, verify the network that it starts, and return that network."""
    with pico.powered() as board, serial.serial_for_url(board.device, timeout=0) as stream:
        link = Link(stream, board.name, lambda text: None)
        info = link.hello()
        assert not info.problem
        network = {lif_file.crc(candidate): candidate for candidate in networks}[info.crc]
        x = random_inputs(network, 5, SAMPLES)
        result = verify.verify(link, network, x)
        link.close()
    assert (result.passed, result.samples, result.lost_frames) == (True, SAMPLES, 0)
    return network
