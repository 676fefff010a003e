"""Flip, drop and insert bytes between a real process or emulator and the host."""

import flash_image
import numpy as np
import pytest
from board_in_memory import Faults
from random_networks import random_inputs, random_network

from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file

RATE = 1e-3


class FaultyCable:
    """A stream that damages one byte in a thousand, both ways, and never into Ctrl-C."""

    def __init__(self, stream, seed):
        self.stream = stream
        self.up = Faults(seed, RATE, never=3)
        self.down = Faults(seed + 1, RATE)

    def read(self, size):
        return self.down.damage(self.stream.read(size))

    def write(self, data):
        return self.stream.write(self.up.damage(data))


@pytest.mark.slow
def test_link_over_faulty_cable_accepts_no_wrong_frame(port):
    network = random_network(3)
    x = random_inputs(network, 0, 50 if port.name == "pico" else 150)
    flash_image.put(port, {**flash_image.runtime(port), "network.lif": lif_file.to_bytes(network)})
    with port.session() as stream:
        link = Link(FaultyCable(stream, seed=7), port.name, lambda text: None)
        link.hello()
        found = verify.verify(link, network, x)
        link.stream = stream
        link.close()
    # The faults were enough to lose frames.
    assert link.missed > 0
    assert found.differences == 0
    assert found.samples == np.count_nonzero(found.answers >= 0)
    assert found.samples == len(x) or found.lost_frames > 0
    assert found.repeated > 0
