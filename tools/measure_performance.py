"""Measure what boards need for events, neurons and whole samples, and write docs/performance.md.

python tools/measure_performance.py            # everything, about two minutes
python tools/measure_performance.py --quick    # the synthetic layers only, to the screen

Measures on the emulated boards that are there; boards/emulated/build makes them. Figures of emulated
boards are the same on every run.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import matplotlib as mpl
import numpy as np

from spikelet import (
    bench_board,
    bench_comparison,
    benchmark,
    bounds,
    conversion,
    dataset,
    ports,
    resources,
    training,
)
from spikelet.bench_comparison import Comparison
from spikelet.benchmark import KernelCost, LayerCost
from spikelet.errors import SpikeletError
from spikelet.layer import Layer
from spikelet.network import Network
from spikelet.ports import Port
from spikelet.training_options import TrainingOptions
from spikert.session import NETWORK

DOCS = Path(__file__).parents[1] / "docs"
TARGET, PICTURE = DOCS / "performance.md", DOCS / "performance.png"
BOARDS = ("qemu:m3", "pico")
SIZE = 128  # inputs and neurons of a synthetic layer
ACTIVE = 13  # of its inputs, a tenth
STORAGES = ("16-bit pairs", "8 bits", "6 bits", "4 bits")
THETA = 12_000  # which no synthetic neuron reaches
SAMPLES = 10
INK, ACCENT, QUIET = "#1b1f3b", "#d1495b", "#9aa0b5"
KERNELS = {"thumb": ACCENT, "viper": INK, "ulab": "#00798c", "plain": QUIET}  # and their colours
MEASURED = ("thumb", "viper")  # with synthetic layers

PAGE = """# Performance

Measured by `python tools/measure_performance.py` on emulated boards: in instructions where QEMU counts
them, in cycles where the board's own counter does. The figures are the same on every run; `spikelet
bench` measures any network on any board, in microseconds on one that is no emulator.

## A dense layer of {size} inputs and {size} neurons

![instructions for a synaptic event](performance.png)

{layers}

- **an event** is the marginal cost of a synaptic event: the slope of a step over the events, between 0
  and 64 active inputs; **{size} neurons** is a step without any, everything around the kernel and the
  call included; **a step** has {active} active inputs, a tenth.
- On the Pico **a step** is more than its line of events: the difference, 14,000 to 23,000 cycles, is not
  explained yet, so compare boards by the other two columns.
- Conversion stores weights in the bits that they need. No neuron of these layers fires.

{floor}

## Digits: a whole sample

The network of `spikelet train digits --seed 0` in {sizes} neurons and {steps} steps, mean of {samples}
test images; it answers {accuracy:.2%} of all of them right.

{digits}

- **input**, **steps** and **answer** are the parts of a sample, **told** what is added if every spike
  and membrane goes to a host as well.
- **allocated** are bytes of heap in a sample; **kernel** and **network** those that are kept.

## Against a network without spikes

{ann}

The int8 network has the same neurons and ReLU, int8 weights of one scale a layer, u8 activations, and
sums in 32 bits; it is multiplied by the same technology as the kernel beside it. The **break-even** is
the spike rate (spikes per neuron and step) below which the spiking network wins, from the measured line
of its layers; below 0 it wins at none, above 100 % at any.

## Energy

`spikelet bench --active-ma I --asleep-ma I --mhz F --every-ms T` gives an estimate: time at the clock,
times what the chip's datasheet says that it draws. Instructions are no time, so there is no estimate
for qemu:m3. host/spikelet/data/chips.toml has room for the currents of chips, with the document and
page of each; it holds none yet.
"""
FLOOR = "<!-- what the floor is, where a target cannot be met, stands here -->"


class Digits(NamedTuple):
    """What the digits cost on a board with a kernel."""

    board: str
    unit: str
    cost: KernelCost
    comparison: Comparison | None


class Synthetic(NamedTuple):
    """What a synthetic layer costs; `step` with ACTIVE inputs."""

    board: str
    unit: str
    kernel: str
    storage: str
    layer: LayerCost
    step: float


def layer(storage: str) -> Layer:
    """Return a layer whose weights need these bits, proved to fit int16 and never firing."""
    pairs = storage == STORAGES[0]
    bits = 8 if pairs else int(storage[0])
    most = 1 << bits - 1
    random = np.random.default_rng(0)
    weights = random.integers(-most, most, (SIZE, SIZE)).astype(np.int8)
    found = Layer(weights, theta=THETA, rho=THETA, d=128, pairs=pairs)
    proof = bounds.layer_bounds(found, direct=False, steps=None)
    if not proof.reach.fits or proof.membrane.high >= THETA:
        raise SpikeletError(f"the layer of {storage} reaches {proof.membrane}")
    found.lanes = proof.lanes
    return found


def boards(names: Sequence[str]) -> list[Port]:
    """Return those of the boards that are there; say which are not."""
    found = []
    for name in names:
        try:
            found.append(ports.resolve(name))
        except SpikeletError as error:
            print(error, file=sys.stderr)
    return found


def flash(port: Port, network: Network) -> tuple[str, ...]:
    """Put the runtime and a network on a board; return its kernels."""
    list(port.install({**resources.runtime_files(), NETWORK: network.to_bytes()}))
    with bench_board.measuring(port, network) as board:
        return board.kernels()


def synthetic(port: Port) -> list[Synthetic]:
    """Measure a layer of every storage with the fast kernels."""
    found = []
    for storage in STORAGES:
        names = tuple(map(str, range(SIZE)))
        network = Network("rate", 4, "max", names, [layer(storage)])
        x = np.full((1, SIZE), 25, np.uint8)
        for kernel in set(flash(port, network)) & set(MEASURED):
            with bench_board.measuring(port, network) as board:
                cost = benchmark.measure(board, network, kernel, x)
                active = range(0, SIZE, SIZE // ACTIVE)[:ACTIVE]
                step = board.step(0, active)[0]
                unit = board.clock.unit
            found.append(Synthetic(port.name, unit, kernel, storage, cost.layers[0], step))
    return sorted(found, key=lambda one: MEASURED.index(one.kernel))


def digits_network() -> tuple[Network, float]:
    """Return the digits' network, and its accuracy on the test part."""
    learned, test = dataset.split(dataset.load_digits())
    network = conversion.convert(training.train(learned, TrainingOptions()).network)[0]
    return network, float((network.simulate(test.x).answers == test.y).mean())


def digits(port: Port, network: Network) -> list[Digits]:
    """Measure the digits with every kernel, and int8 networks beside them."""
    samples = dataset.load_digits()
    x = dataset.split(samples)[1].x[:SAMPLES]
    dense = bench_comparison.train(network, samples)
    found = []
    for kernel in flash(port, network):
        if port.name != BOARDS[0] and kernel not in MEASURED:
            continue  # an emulator of cycles takes minutes for plain Python
        with bench_board.measuring(port, network) as board:
            cost = benchmark.measure(board, network, kernel, x)
            comparison = None
            if kernel in bench_comparison.LAYOUTS:
                comparison = bench_comparison.compare(board, network, cost, dense, x)
            found.append(Digits(port.name, board.clock.unit, cost, comparison))
    return found


def synthetic_table(found: Sequence[Synthetic]) -> str:
    """Return a row for each synthetic layer."""
    rows = [
        f"| {one.board} | {one.kernel} | {one.storage} | {one.layer.events.per_event:.2f} "
        f"| {one.layer.step:,.0f} | {one.step:,.0f} | {one.unit} |"
        for one in found
    ]
    head = f"| board | kernel | weights | an event | {SIZE} neurons | a step | in |"
    return "\n".join((head, "|---|---|---|---|---|---|---|", *rows))


def digits_table(found: Sequence[Digits]) -> str:
    """Return a row for each kernel."""
    rows = []
    for board, unit, cost, _ in found:
        sample = cost.sample
        figures = (sample.total, sample.take, sample.steps, sample.answer, sample.told)
        sizes = (sample.allocated, cost.memory.kernel, cost.memory.network)
        numbers = " | ".join(f"{figure:,.0f}" for figure in (*figures, *sizes))
        rows.append(f"| {board} | {cost.kernel} | {numbers} | {unit} |")
    head = "| board | kernel | a sample | input | steps | answer | told "
    head += "| allocated | kernel, bytes | network, bytes | in |"
    return "\n".join((head, "|" + "---|" * 11, *rows))


def ann_table(found: Sequence[Digits]) -> str:
    """Return a row for each comparison, and below it who wins."""
    head = "| board | kernel | spiking | int8 | spike rate | break-even | int8 accuracy |"
    rows, told = [], []
    for board, unit, cost, one in found:
        if one is None:
            continue
        rows.append(
            f"| {board} | {cost.kernel} | {cost.sample.total:,.0f} | {one.cost:,.0f} "
            f"| {one.spike_rate:.1%} | {one.break_even:.1%} | {one.accuracy:.2%} |"
        )
        told.append(f"- {board}, {cost.kernel}: {one.sentence(cost.sample.total, unit)}.")
    return "\n".join((head, "|---|---|---|---|---|---|---|", *rows, "", *told))


def draw(found: Sequence[Synthetic], path: Path) -> None:
    """Draw the cost of an event, a bar for each kernel and storage."""
    mpl.use("Agg")
    from matplotlib import pyplot

    shown = [one for one in found if one.board == found[0].board]
    figure, axis = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    kernels = list(dict.fromkeys(one.kernel for one in shown))
    for number, kernel in enumerate(kernels):
        figures = {one.storage: one.layer.events.per_event for one in shown if one.kernel == kernel}
        at = np.arange(len(STORAGES)) + (number - (len(kernels) - 1) / 2) * 0.35
        bars = axis.bar(
            at, [figures[name] for name in STORAGES], 0.33, color=KERNELS[kernel], label=kernel
        )
        axis.bar_label(bars, fmt="%.2f", color=INK, fontsize=9)
    axis.set_xticks(range(len(STORAGES)), STORAGES, color=INK)
    axis.set_ylabel(f"{shown[0].unit} an event", color=INK)
    axis.set_title(f"{SIZE} by {SIZE} synapses, {shown[0].board}", color=INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def floor_text(page: Path) -> str:
    """Return what the page says of the floor: written by hand, and kept when it is written again."""
    if not page.exists() or "## The floor" not in page.read_text():
        return FLOOR
    text = page.read_text()
    return text[text.index("## The floor") : text.index("## Digits")].strip()


def main() -> int:
    """Measure and write; exit status 1 if no board is there or an answer is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="synthetic layers only, write nothing")
    parser.add_argument("--port", action="append", help=f"(default: {' and '.join(BOARDS)})")
    args = parser.parse_args()
    found = boards(args.port or BOARDS)
    if not found:
        return 1
    layers = [one for port in found for one in synthetic(port)]
    print(synthetic_table(layers))
    if args.quick:
        return 0
    network, accuracy = digits_network()
    measured = [one for port in found for one in digits(port, network)]
    draw(layers, PICTURE)
    TARGET.write_text(
        PAGE.format(
            size=SIZE,
            active=ACTIVE,
            layers=synthetic_table(layers),
            floor=floor_text(TARGET),
            sizes="-".join(map(str, (network.channels, *(one.neurons for one in network.layers)))),
            steps=network.steps,
            samples=SAMPLES,
            accuracy=accuracy,
            digits=digits_table(measured),
            ann=ann_table(measured),
        )
    )
    print(f"{TARGET}, {PICTURE}")
    return int(any(one.cost.sample.wrong for one in measured))


if __name__ == "__main__":
    sys.exit(main())
