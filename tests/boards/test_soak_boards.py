"""A million steps in one session: no memory grows, and all numbers may wrap."""

import gc
import os
from pathlib import Path

import flash_image
import numpy as np
import pytest
from boards_under_test import marks, opened

from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

STEPS, POINTS = 1_000_000, 10
# Timesteps of a turn: a million steps have more than 65,536 turns, whose numbers wrap.
TURN_STEPS = 15
TURNS = -(-STEPS // TURN_STEPS)
RECORDED = 64
# Bytes by which memory may differ: pages of an allocator on a computer, blocks of a heap on a board.
PAGES, BLOCKS = 1 << 20, 1024


def soak_network() -> Network:
    """Return a small network, so that a million steps take minutes."""
    hidden = Layer(weights=np.array([[40, -20, 9], [30, 60, -7]], np.int8), theta=50, rho=50, d=16)
    last = Layer(weights=np.array([[50, -9], [9, 70], [-30, 30]], np.int8), theta=60, rho=60)
    return Network("rate", TURN_STEPS, "count", ("a", "b"), [hidden, last])


def resident(process: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def child() -> int:
    """Return the process of the board, the newest child of this one that runs serve.py."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and b"serve.py" in command:
            found.append(int(stat.parent.name))
    return max(found)


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("name", ["virtual", pytest.param("unix", marks=marks("unix"))])
def test_million_steps_take_no_more_memory(name):
    port, network = opened(name), soak_network()
    x = np.random.default_rng(6).integers(0, 256, (RECORDED, 2)).astype(np.uint8)
    expected = network.simulate(x)
    files = {"network.lif": lif_file.to_bytes(network), "samples.bin": x.tobytes()}
    flash_image.put(port, {**flash_image.runtime(port), **files})
    with port.session() as stream:
        link = Link(stream, name, lambda text: None)
        link.hello()
        board, ours, first, done = [], [], 0, 0
        for last in np.linspace(TURNS / POINTS, TURNS, POINTS).astype(int).tolist():
            for turn in link.replay(network, first, last - first):
                sample = turn.turn % RECORDED
                assert turn.turn == done & 0xFFFF
                assert turn.answer == expected.answers[sample]
                for k, spikes in enumerate(expected.spikes):
                    assert np.array_equal(turn.spikes[k], spikes[sample])
                    assert np.array_equal(turn.membranes[k], expected.membranes[k][sample])
                done += 1
            first = last
            gc.collect()
            # The board collects its garbage before it reports.
            free = link.hello().memory_free
            board.append(resident(child()) if name == "virtual" else free)
            ours.append(resident(os.getpid()))
            print(
                f"{name}: {done * TURN_STEPS:,} steps; board {board[-1]:,}, host {ours[-1]:,} bytes"
            )
        counts = link.lost_frames, link.late_frames, link.missed, link.repeated
        link.close()
    assert counts == (0, 0, 0, 0)
    assert done == TURNS > 0x10000
    assert done * TURN_STEPS >= STEPS
    # The first point is before all buffers have their sizes.
    grown = max(board[1:]) - board[1] if name == "virtual" else board[1] - min(board[1:])
    assert grown <= (PAGES if name == "virtual" else BLOCKS)
    assert max(ours[1:]) - ours[1] <= 2 * PAGES
