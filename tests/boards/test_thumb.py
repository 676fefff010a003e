"""Test the thumb kernel on emulated ARM boards against `plain`, for all widths."""

from dataclasses import replace

import numpy as np
import pytest
from boards_under_test import marks, opened
from thorough import thorough

from spikelet.flashing import stage
from spikelet.flashing.runtime import bytecode
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import layer_bounds

BOARDS = ("qemu:m3", "qemu:m0")
SEEDS = range(24)
WIDTHS = (1, 2, 3, 5, 11, 12, 13, 24, 25, 63, 128, 130)
QUICK = (*range(len(WIDTHS)), 15)  # each width once, and the only layer that never fires
INPUTS = (258, 40, 7)
COUNTS = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 255, 256, 257, 258)
STEPS = 6
# Seconds.
TIMEOUT = 120

RUN = """
import gc, sys
{prelude}
from array import array
import micropython
from spikert import kernels
from spikert.network import tables

table = tables.load(_paths["network.lif"]).layers[0]
modules = [kernels.load(name) for name in ("thumb", "plain")]
layers = [module.Layer(table) for module in modules]
print(type(layers[0]).__name__)

def same(events, count, shift):
    fired = [layer.step(events, count, shift) for layer in layers]
    states = [
        (list(layer.events)[: fired[0]], bytes(layer.membranes())) for layer in layers
    ]
    return fired[0] == fired[1] and states[0] == states[1]

steps = wrong = 0
for shift, inputs in {steps!r}:
    events = array("H", inputs)
    steps += 1
    wrong += not same(events, len(events), shift)
for x in {held!r}:
    for layer in layers:
        layer.reset()
        layer.hold(x)
    for _ in range(3):
        steps += 1
        wrong += not same(None, 0, 0)
print(steps, wrong)
"""

REGISTERS = """
@micropython.asm_thumb
def kept(r0, r1, r2, r3):
    # the code at r3, with marks in r8-r11: returns 1 if they are still there
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    mov(r4, 81)
    mov(r8, r4)
    add(r4, 1)
    mov(r9, r4)
    add(r4, 1)
    mov(r10, r4)
    add(r4, 1)
    mov(r11, r4)
    data(2, 0x4798)  # blx(r3)
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    mov(r0, 0)
    cmp(r4, 81)
    bne(lost)
    cmp(r5, 82)
    bne(lost)
    cmp(r6, 83)
    bne(lost)
    cmp(r7, 84)
    bne(lost)
    mov(r0, 1)
    label(lost)
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)

thumb = layers[0]
if table.pairs:
    from spikert.kernels.thumb.pairs import add
else:
    from spikert.kernels.thumb.byte_rows import add
from spikert.kernels.thumb.fire import fire
events = array("H", range(table.inputs))
print(*[kept(thumb.block, events, len(events), code()) for code in (add, fire)])
"""

MEMORY = """
x = bytearray([7] * table.inputs)
def work():
    thumb.hold(x)
    thumb.step(None, 0, 0)
    thumb.step(events, len(events), 0)
    thumb.step(events, 1, 3)
    thumb.membranes()
work()
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(300):
    work()
print(gc.mem_alloc() - before)
"""


def dense_network(seed):
    """Return a network of one dense layer that allows comparing two neurons in a word."""
    rng = np.random.default_rng([seed, 77])
    width, inputs = WIDTHS[seed % len(WIDTHS)], INPUTS[seed % 4 % 3]
    # Weights of 4 to 8 bits.
    most = 1 << 3 + seed % 5
    pairs, recurrent, floors = rng.random(3) < 0.3
    fires = rng.random() < 0.85
    gain = int(rng.integers(0, 4)) if rng.random() < 0.5 else 0
    filled = 1.0

    def weights(rows):
        drawn = rng.integers(-most, most, (rows, width))
        return np.where(rng.random(drawn.shape) < filled, drawn, 0).astype(np.int8)

    def draw(low, high):
        return rng.integers(low, high, (1, width)[rng.integers(2)])

    leak = (1 << rng.integers(0, 8, 1), np.zeros(1, int), draw(0, 256))[rng.integers(3)]
    while True:
        layer = Layer(
            weights(inputs),
            theta=draw(1, 800) if fires else None,
            gain=gain,
            bias=draw(-40, 40),
            d=leak,
            r=int(rng.integers(8, 12)),
            low=draw(-3_000, -5) if floors else None,
            rho=draw(0, 800),
            v_reset=draw(-300, 300),
            reset=str(rng.choice(["subtract", "set"])),
            v_start=draw(-300, 300),
            recurrent=weights(width) if recurrent else None,
            pairs=bool(pairs),
        )
        bounds = layer_bounds(layer, direct=True, steps=None)
        if bounds.reach.fits and bounds.lanes:
            break
        filled *= 0.7
        gain = gain if filled > 0.001 else 0
    return Network(
        encoder="direct",
        steps=STEPS,
        readout="count" if fires else "max",
        classes=tuple(str(j) for j in range(width)),
        layers=[replace(layer, lanes=True)],
        source_sha256=bytes(32),
    )


def signals(network, seed):
    """Return steps (shift, inputs), each count of inputs in some order, and x to hold."""
    rng = np.random.default_rng([seed, 78])
    inputs = network.layers[0].inputs
    counts = [count for count in (*COUNTS, inputs) if count <= inputs]
    steps = [(int(rng.random() < 0.3) * 3, rng.permutation(inputs)[:n].tolist()) for n in counts]
    sparse = rng.integers(0, 256, inputs, np.uint8) * (rng.random(inputs) < 0.5)
    return steps, [bytes([255] * inputs), bytes(inputs), sparse.astype(np.uint8).tobytes()]


def said(name, network, code):
    """Flash the network and return the lines that the code prints there."""
    port = opened(name)
    list(
        stage.install_payload(
            port, {**bytecode.sources(), "network.lif": lif_file.to_bytes(network)}
        )
    )
    code = code.replace("{prelude}", port.prelude)
    with port.connect() as transport:
        out, err = transport.exec_raw(code, timeout=TIMEOUT)
    assert not err, err.decode()
    return out.decode().split("\r\n")


def each_with_its_marks():
    """Return all seeds on both boards; the quick run takes few, each on one board by turns."""
    made = []
    for seed in SEEDS:
        for number, name in enumerate(BOARDS):
            turn = seed in QUICK and number == seed % 2
            every = (*marks(name), *(() if turn else (thorough,)))
            made.append(pytest.param(name, seed, marks=every))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seed"), each_with_its_marks())
def test_dense_layers_step_as_plain_ones_do_and_allocate_nothing(name, seed):
    network = dense_network(seed)
    steps, held = signals(network, seed)
    code = RUN.replace("{steps!r}", repr(steps)).replace("{held!r}", repr(held))
    lines = said(name, network, code + REGISTERS + MEMORY)
    assert lines[:4] == ["Dense", f"{len(steps) + 3 * len(held)} 0", "1 1", "0"]
