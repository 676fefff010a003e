"""The verb `bench`: measures the cost of a network on a board."""

import argparse
from dataclasses import asdict, replace
from typing import Any

from spikelet.bench import against_ann, energy, measure
from spikelet.bench.against_ann import Comparison
from spikelet.bench.board import measuring
from spikelet.bench.clock import Clock
from spikelet.bench.energy import ChipPower
from spikelet.bench.measure import KernelCost
from spikelet.cli import board_steps, options
from spikelet.errors import FAILED, RIGHT, UsageError
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks import trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.output import Output

EXAMPLE = "spikelet bench net.lif --port qemu:m3 --kernel all"
# Samples to measure.
MEASURED = 10
# Baud rate of a serial link, and the bits of a byte on it.
BAUD, BITS = 115_200, 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `bench`."""
    parser.add_argument("network", metavar="FILE.lif", help="network to measure")
    options.add_port(parser)
    parser.add_argument(
        "--kernel",
        default="",
        metavar="K",
        help="kernel to measure, or all (default: the fastest of the board)",
    )
    options.add_samples(
        parser,
        "--samples",
        "to measure (default: the test part of the digits; random samples for other networks)",
    )
    parser.add_argument(
        "--count",
        type=int,
        default=MEASURED,
        metavar="N",
        help=f"number of samples to measure (default: {MEASURED})",
    )
    parser.add_argument(
        "--against",
        choices=("ann",),
        help="train an int8 network without spikes of the same topology, and measure it as well",
    )
    energy = parser.add_argument_group("energy, an estimate for boards that measure time")
    energy.add_argument(
        "--chip", metavar="NAME", help="chip with known currents (default: the chip of the board)"
    )
    energy.add_argument("--mhz", type=float, help="clock of the chip, in MHz")
    energy.add_argument(
        "--active-ma", type=float, metavar="I", help="current of the computing chip, in mA"
    )
    energy.add_argument(
        "--asleep-ma", type=float, metavar="I", help="current of the waiting chip, in mA"
    )
    energy.add_argument(
        "--volts",
        type=float,
        default=None,
        metavar="U",
        help="supply voltage (default: as known of the chip, else 3.3)",
    )
    energy.add_argument(
        "--every-ms", type=float, metavar="MS", help="time from sample to sample, in ms"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Measure, and show the costs; fail if an answer of the board is wrong."""
    if args.count < 1:
        raise UsageError(f"--count is {args.count}; it must be at least 1")
    loaded = load_network(args.network)
    samples = trial_samples.fitting(loaded, args.samples, args.every)
    port = board_steps.port(args, output)
    with measuring(port, loaded) as board:
        available = board.kernels()
        clock, machine = board.clock, board.machine
        output.results |= {"board": machine, "runtime": board.runtime}
    kernels = _chosen(args.kernel, available, port.name)
    dense = None
    if args.against:
        dense = against_ann.train_counterpart(loaded, _labelled(args, samples))
    chip = _chip(args, machine)
    output.results |= {
        "unit": clock.unit,
        "exact": clock.exact,
        "samples": min(args.count, len(samples)),
        "kernels": [],
    }
    output.say(f"{port.name}: {machine}, in {clock.unit}" + _warning(clock))
    wrong = 0
    for kernel in kernels:
        with (
            measuring(port, loaded) as board,
            output.progress(f"measuring {kernel}") as report,
        ):
            cost = measure.measure_network(board, loaded, kernel, samples.x[: args.count], report)
            comparison = None
            if dense is not None:
                comparison = against_ann.compare_with_ann(board, loaded, cost, dense, samples.x)
        wrong += cost.sample.wrong
        _show(cost, clock, output)
        if comparison is not None:
            _show_comparison(comparison, cost, clock, output)
        if chip is not None and clock.unit != "instructions":
            _show_energy(cost, comparison, clock, chip, args.every_ms, output)
    return FAILED if wrong else RIGHT


def _chosen(kernel: str, available: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the kernels to measure."""
    if kernel == "all":
        return available
    if kernel and kernel not in available:
        raise UsageError(f"{name} has no kernel {kernel!r}; it has {', '.join(available)}")
    return (kernel or available[0],)


def _labelled(args: argparse.Namespace, samples: Dataset) -> Dataset:
    """Return all samples that an int8 network can learn from, including the training part."""
    if args.samples in (None, "digits") and samples.classes:
        return dataset.load_digits()
    return samples


def _chip(args: argparse.Namespace, machine: str) -> ChipPower | None:
    """Return the chip of --chip or of the board, with the values of the command line."""
    power = energy.load_chip_power(args.chip) if args.chip else energy.of_machine(machine)
    currents = (args.active_ma, args.asleep_ma, args.mhz)
    if power is None:
        if None in currents:
            if any(value is not None for value in (*currents, args.every_ms)):
                raise UsageError(
                    f"no currents are known of {machine}; give --active-ma, --asleep-ma and --mhz"
                )
            return None
        return energy.ChipPower("given", "", args.mhz, args.volts or 3.3, *currents[:2], {})
    changed = {
        "active": currents[0],
        "asleep": currents[1],
        "megahertz": currents[2],
        "volts": args.volts,
    }
    return replace(power, **{name: v for name, v in changed.items() if v is not None})


def _warning(clock: Clock) -> str:
    return "" if clock.exact else ", which vary from run to run"


def _show(cost: KernelCost, clock: Clock, output: Output) -> None:
    rows = [
        (
            f"{number}: {one.inputs}-{one.neurons}",
            one.storage,
            f"{one.events.per_event:,.2f}",
            f"{one.step:,.0f}",
            f"{one.events.fixed:,.0f}" if one.held else "",
            f"{one.events.per_fired:,.0f}",
            one.allocated,
        )
        for number, one in enumerate(cost.layers)
    ]
    output.say(f"\nkernel {cost.kernel}")
    columns = ("layer", "weights", "an event", "a step", "to hold", "a fired neuron", "bytes/step")
    output.table(columns, rows)
    sample, memory = cost.sample, cost.memory
    output.say(
        f"a sample: {sample.total:,.0f} {clock.unit} (input {sample.take:,.0f}, steps "
        f"{sample.steps:,.0f}, answer {sample.answer:,.0f}), a step {sample.step:,.0f}, for "
        f"{sample.synaptic_events:,.0f} synaptic events; it allocates {sample.allocated:,} bytes"
    )
    seconds = BITS * sample.sent / BAUD
    output.say(
        f"report to a host: {sample.report:,.0f} more ({sample.report_share:.0%}), {sample.sent:,.0f} "
        f"bytes sent, {1000 * seconds:.1f} ms at {BAUD:,} baud"
    )
    if memory.free:
        output.say(
            f"memory: runtime {memory.runtime:,} bytes, kernel {memory.kernel:,}, network "
            f"{memory.network:,}; {memory.free:,} free"
        )
    if sample.wrong:
        output.say(f"{sample.wrong} of {sample.samples} answers are wrong: run spikelet verify")
    output.results["kernels"].append(_record(cost))


def _record(cost: KernelCost) -> dict[str, Any]:
    """Return the costs of a kernel for JSON."""
    record = asdict(cost)
    sample = record["sample"]
    sample |= {"total": cost.sample.total, "report_share": cost.sample.report_share}
    sample["milliseconds_at_115200_baud"] = 1000 * BITS * cost.sample.sent / BAUD
    return record


def _show_comparison(
    comparison: Comparison, cost: KernelCost, clock: Clock, output: Output
) -> None:
    sentence = comparison.sentence(cost.sample.total, clock.unit)
    output.say(
        f"an int8 network without spikes: {comparison.products:,} products of "
        f"{comparison.per_product:.2f}, accuracy {comparison.accuracy:.2%} "
        f"(float {comparison.accuracy_float:.2%})"
    )
    output.say(sentence)
    figures = asdict(comparison) | {"per_product": comparison.per_product, "sentence": sentence}
    output.results["kernels"][-1]["ann"] = figures


def _show_energy(
    cost: KernelCost,
    comparison: Comparison | None,
    clock: Clock,
    chip: ChipPower,
    every_ms: float | None,
    output: Output,
) -> None:
    costs = {"energy": cost.sample.total}
    if comparison is not None:
        costs["ann_energy"] = comparison.cost
    for key, spent in costs.items():
        time = energy.microseconds(spent, clock.unit, chip.megahertz)
        guess = energy.estimate(time, chip, every_ms)
        text = f"{guess.microseconds:,.0f} us and {guess.microjoules:,.1f} uJ a sample"
        if guess.duty is not None:
            text += f", awake {guess.duty:.2%} of the time, {guess.milliamperes:.3g} mA on average"
        name = "int8 network" if key == "ann_energy" else cost.kernel
        output.say(f"{name}, an estimate for {chip.name} at {chip.megahertz:g} MHz: {text}")
        output.results["kernels"][-1][key] = asdict(guess) | {"chip": chip.name, "estimate": True}
