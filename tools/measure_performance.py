"""Measure the cost of events, neurons and whole samples on boards, and write performance.md.

python tools/measure_performance.py            # everything, some ten minutes
python tools/measure_performance.py --quick    # the synthetic layers only, to the screen
python tools/measure_performance.py --ulab qemu-m3-ulab.elf   # ulab as well, on a firmware that has it

The tool measures on the installed emulated boards; boards/emulated/build builds them. The runtime is
bytecode from mpy-cross, as `spikelet flash` installs it. Figures in instructions are the same on every
run. Figures in cycles vary a little, because the Pico serves USB now and then.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import matplotlib as mpl
import numpy as np

from spikelet.bench import against_ann, energy, measure
from spikelet.bench.against_ann import Comparison
from spikelet.bench.board import MeasuringBoard, measuring
from spikelet.bench.measure import KernelCost, LayerCost
from spikelet.boards import catalogue, interpreter, resolve
from spikelet.boards.port import Port
from spikelet.conversion import convert, weight_storage
from spikelet.errors import SpikeletError
from spikelet.flashing import stage
from spikelet.flashing.runtime import memory
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.inputs import dataset
from spikelet.networks import lif_file
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import layer_bounds
from spikelet.training import train
from spikelet.training.options import TrainingOptions
from spikert.session import NETWORK

DOCS = Path(__file__).parents[1] / "docs"
TARGET, PICTURE = DOCS / "explanation/performance.md", DOCS / "performance.png"
TEMPLATE = Path(__file__).parent / "performance.template.md"
BOARDS = ("qemu:m3", "qemu:m0", "qemu:rv32", "pico")
# The boards that measure synthetic layers.
LAYERED = ("qemu:m3", "pico")
# Inputs and neurons of a synthetic layer.
SIZE = 128
# Active inputs of a synthetic layer, a tenth.
ACTIVE = 13
STORAGES = ("16-bit pairs", "8 bits", "6 bits", "4 bits")
# A threshold that no synthetic neuron reaches.
THETA = 12_000
SAMPLES = 10
# Milliseconds from sample to sample, for the estimate of energy.
PERIOD = 100.0
INK, ACCENT, QUIET = "#1b1f3b", "#d1495b", "#9aa0b5"
# The kernels and their colours.
KERNELS = {"thumb": ACCENT, "viper": INK, "ulab": "#00798c", "plain": QUIET}


class Topology(NamedTuple):
    """A network for the digits: encoder, steps and number of hidden neurons."""

    encoder: str
    steps: int
    hidden: int


TOPOLOGIES = (
    Topology("direct", 4, 64),
    Topology("direct", 1, 64),
    Topology("latency", 4, 64),
    Topology("rate", 8, 64),
    Topology("direct", 1, 256),
    Topology("latency", 4, 256),
    Topology("latency", 4, 512),
)


class Digits(NamedTuple):
    """Cost of the digits on a board with a kernel."""

    board: str
    machine: str
    unit: str
    cost: KernelCost


class Compared(NamedTuple):
    """A spiking network in its fastest storage, and the int8 network to compare with."""

    board: str
    topology: Topology
    accuracy: float
    spiking: float
    other: Comparison
    unit: str


class Synthetic(NamedTuple):
    """Cost of a synthetic layer; `step` has ACTIVE active inputs."""

    board: str
    unit: str
    kernel: str
    storage: str
    layer: LayerCost
    step: float


def layer(storage: str) -> Layer:
    """Return a layer whose weights need these bits; the proof shows that it fits and never fires."""
    pairs = storage == STORAGES[0]
    bits = 8 if pairs else int(storage[0])
    most = 1 << bits - 1
    random = np.random.default_rng(0)
    weights = random.integers(-most, most, (SIZE, SIZE)).astype(np.int8)
    synthetic_layer = Layer(weights, theta=THETA, rho=THETA, d=128, pairs=pairs)
    proof = layer_bounds(synthetic_layer, direct=False, steps=None)
    if not proof.reach.fits or proof.membrane.high >= THETA:
        raise SpikeletError(f"the layer of {storage} reaches {proof.membrane}")
    synthetic_layer.lanes = proof.lanes
    return synthetic_layer


def present(names: Sequence[str]) -> list[Port]:
    """Return the installed boards; print an error for each other one."""
    ports = []
    for name in names:
        try:
            ports.append(resolve.resolve(name))
        except SpikeletError as error:
            print(error, file=sys.stderr)
    return ports


def spelled(port: Port) -> str:
    """Return the name of a board on the page."""
    return f"{':'.join(port.name.split(':')[:2])}, ulab" if port.name.count(":") > 1 else port.name


def flash(port: Port, network: Network) -> tuple[str, ...]:
    """Install the runtime and a network on a board, as the command does; return its kernels."""
    files = RuntimeParts.for_interpreter(interpreter.survey_port(port)).files
    list(stage.install_payload(port, {**files, NETWORK: lif_file.to_bytes(network)}))
    with measuring(port, network) as board:
        return board.kernels()


def fast(port: Port, kernels: Sequence[str]) -> list[str]:
    """Return the kernels to measure: plain only on the first board, ulab only on a board with it."""
    if "," in spelled(port):
        return ["ulab"]
    return [one for one in kernels if one != "plain" or port.name == BOARDS[0]]


def synthetic(port: Port) -> Iterator[Synthetic]:
    """Measure a layer in every storage with the fast kernels."""
    for storage in STORAGES:
        names = tuple(map(str, range(SIZE)))
        network = Network("rate", 4, "max", names, [layer(storage)])
        x = np.full((1, SIZE), 25, np.uint8)
        for kernel in fast(port, flash(port, network)):
            if kernel == "plain":
                continue
            with measuring(port, network) as board:
                cost = measure.measure_network(board, network, kernel, x)
                step = board.step(0, range(0, SIZE, SIZE // ACTIVE)[:ACTIVE])[0]
                unit = board.clock.unit
            yield Synthetic(spelled(port), unit, kernel, storage, cost.layers[0], step)


def trained(topology: Topology) -> FloatNetwork:
    """Return a network of this topology, trained for the digits."""
    learned, _ = dataset.split(dataset.load_digits())
    options = TrainingOptions(
        encoder=topology.encoder, steps=topology.steps, hidden=(topology.hidden,)
    )
    return train.train_network(learned, options).network


def accuracy(network: Network) -> float:
    """Return a network's accuracy 0..1 on the test part."""
    _, test = dataset.split(dataset.load_digits())
    return float((network.simulate(test.x).answers == test.y).mean())


def digits(port: Port, network: Network) -> Iterator[Digits]:
    """Measure the digits with every kernel."""
    x = dataset.split(dataset.load_digits())[1].x[:SAMPLES]
    for kernel in fast(port, flash(port, network)):
        with measuring(port, network) as board:
            cost = measure.measure_network(board, network, kernel, x)
            yield Digits(spelled(port), board.machine, board.clock.unit, cost)


def compared(port: Port, topology: Topology, graph: FloatNetwork) -> Compared:
    """Measure a network with the board's fastest kernel, and the int8 network to compare with."""
    samples = dataset.load_digits()
    test = dataset.split(samples)[1]
    board_file = catalogue.load_board_type(port.name.replace(":", "-"))
    network = weight_storage.fastest(
        weight_storage.options(graph, bytes(32), board_file, test)
    ).network
    kernel = flash(port, network)[0]
    with measuring(port, network) as board:
        cost = measure.measure_network(board, network, kernel, test.x[:SAMPLES])
        other = _other(board, network, cost)
        unit = board.clock.unit
    return Compared(port.name, topology, accuracy(network), cost.sample.total, other, unit)


def _other(board: MeasuringBoard, network: Network, cost: KernelCost) -> Comparison:
    samples = dataset.load_digits()
    dense = against_ann.train_counterpart(network, samples)
    return against_ann.compare_with_ann(board, network, cost, dense, dataset.split(samples)[1].x)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def synthetic_table(measured: Sequence[Synthetic]) -> str:
    """Return a row for each synthetic layer."""
    order = list(KERNELS)
    rows = [
        (
            one.board,
            one.kernel,
            one.storage,
            f"{one.layer.events.per_event:.2f}",
            f"{one.layer.step:,.0f}",
            f"{one.step:,.0f}",
            one.unit,
        )
        for one in sorted(measured, key=lambda one: order.index(one.kernel))
    ]
    head = ("board", "kernel", "weights", "an event", f"{SIZE} neurons", "a step", "in")
    return table(head, rows)


def digits_table(measured: Sequence[Digits]) -> str:
    """Return a row for each kernel on each board."""
    head = ("board", "kernel", "a sample", "input", "steps", "answer", "report", "allocated", "in")
    rows = []
    for one in measured:
        sample = one.cost.sample
        figures = (sample.total, sample.take, sample.steps, sample.answer, sample.report)
        numbers = [f"{figure:,.0f}" for figure in (*figures, sample.allocated)]
        rows.append((one.board, one.cost.kernel, *numbers, one.unit))
    return table(head, rows)


def comparison_table(measured: Sequence[Compared]) -> str:
    """Return a row for each network and board."""
    head = ("board", "encoder", "steps", "neurons", "spiking", "right", "int8", "right", "cheaper")
    rows = []
    for one in measured:
        topology, other = one.topology, one.other
        ratio = max(one.spiking, other.cost) / min(one.spiking, other.cost)
        winner = "spiking" if one.spiking < other.cost else "int8"
        rows.append(
            (
                one.board,
                topology.encoder,
                topology.steps,
                f"64-{topology.hidden}-10",
                f"{one.spiking:,.0f}",
                f"{one.accuracy:.1%}",
                f"{other.cost:,.0f}",
                f"{other.accuracy:.1%}",
                f"{winner}, {ratio:.2f} times",
            )
        )
    return table(head, rows)


def memory_table() -> str:
    """Return a row for each kernel: the runtime's bytes in memory.py, by the form of its files."""
    head = ("kernel", *(f"files {form}" for form in ("in place", "bytecode", "source")))
    kernels = ("thumb", "viper", "plain")
    forms = ("in place", "bytecode", "source")
    rows = [(one, *(f"{memory.RUNTIME[form][one]:,}" for form in forms)) for one in kernels]
    return table(head, rows)


def energy_table(measured: Sequence[Digits]) -> str:
    """Return the energy of a sample on each board that has a chip with known currents."""
    rows = []
    for one in measured:
        chip = energy.of_machine(one.machine)
        if chip is None or one.unit == "instructions":
            continue
        time = energy.microseconds(one.cost.sample.total, one.unit, chip.megahertz)
        guess = energy.estimate(time, chip, PERIOD)
        rows.append(
            (
                one.board,
                chip.name,
                one.cost.kernel,
                f"{guess.microseconds / 1000:.2f} ms",
                f"{guess.microjoules:.1f} µJ",
                f"{guess.duty:.2%}",
                f"{guess.milliamperes:.2f} mA",
            )
        )
    head = ("board", "chip", "kernel", "a sample", "energy", "awake", "on average")
    return table(head, rows)


def draw(measured: Sequence[Synthetic], path: Path) -> None:
    """Draw the cost of an event, a bar for each kernel and storage."""
    mpl.use("Agg")
    from matplotlib import pyplot

    shown = [one for one in measured if one.board == measured[0].board and one.kernel != "ulab"]
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


def main() -> int:
    """Measure and write; exit status 1 if no board is installed or an answer is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="measure synthetic layers only, and write nothing"
    )
    parser.add_argument("--ulab", metavar="ELF", help="MicroPython with ulab for QEMU's mps2-an385")
    args = parser.parse_args()
    ports = present(BOARDS)
    layered = [port for port in ports if port.name in LAYERED]
    if not layered:
        return 1
    extra = present([f"qemu:m3:{args.ulab}"]) if args.ulab else []
    layers = [one for port in layered + extra for one in synthetic(port)]
    print(synthetic_table(layers))
    if args.quick:
        return 0
    graphs = {topology: trained(topology) for topology in TOPOLOGIES}
    network = convert.convert_network(graphs[TOPOLOGIES[0]])[0]
    measured = [one for port in ports + extra for one in digits(port, network)]
    others = [compared(port, *pair) for port in layered for pair in graphs.items()]
    draw(layers, PICTURE)
    page = TEMPLATE.read_text("utf-8").format(
        size=SIZE,
        active=ACTIVE,
        samples=SAMPLES,
        period=f"{PERIOD:g}",
        accuracy=f"{accuracy(network):.2%}",
        layers=synthetic_table(layers),
        digits=digits_table(measured),
        compared=comparison_table(others),
        memory=memory_table(),
        energy=energy_table(measured),
        encoder_bytes=memory.ENCODERS["in place"],
    )
    TARGET.write_text(page, "utf-8")
    print(f"{TARGET}, {PICTURE}")
    return int(any(one.cost.sample.wrong for one in measured))


if __name__ == "__main__":
    sys.exit(main())
