"""`spikelet bench`."""

import argparse
from dataclasses import asdict, replace
from typing import Any

from spikelet.bench import against_ann, energy, measure
from spikelet.bench import board as bench_board
from spikelet.bench.against_ann import Comparison
from spikelet.bench.clock import Clock
from spikelet.bench.energy import Chip
from spikelet.bench.measure import KernelCost
from spikelet.cli import board_steps, options
from spikelet.errors import SpikeletError
from spikelet.inputs import dataset
from spikelet.inputs.dataset import Dataset
from spikelet.networks import trial_samples
from spikelet.networks.lif_file import load_network
from spikelet.output import Output

EXAMPLE = "spikelet bench net.lif --port qemu:m3 --kernel all"
MEASURED = 10  # samples
BAUD, BITS = 115_200, 10  # of a serial link, and what a byte takes on it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `bench` takes."""

    parser.add_argument("network", metavar="FILE.lif")
    options.add_port(parser)
    parser.add_argument(
        "--kernel", default="", metavar="K", help="a name, or all (default: the board's best)"
    )
    options.add_samples(
        parser, "--samples", "(default: the digits' test part; random ones for other networks)"
    )
    parser.add_argument(
        "--count", type=int, default=MEASURED, metavar="N", help=f"samples (default: {MEASURED})"
    )
    parser.add_argument(
        "--against",
        choices=("ann",),
        help="train an int8 network without spikes of the same topology, and measure it as well",
    )
    energy = parser.add_argument_group("energy, an estimate where time is measured")
    energy.add_argument(
        "--chip", metavar="NAME", help="whose currents count (default: the board's)"
    )
    energy.add_argument("--mhz", type=float, help="its clock")
    energy.add_argument(
        "--active-ma", type=float, metavar="I", help="what it draws when it computes"
    )
    energy.add_argument("--asleep-ma", type=float, metavar="I", help="and when it waits")
    energy.add_argument("--volts", type=float, default=None, metavar="U", help="(default: 3.3)")
    energy.add_argument("--every-ms", type=float, metavar="MS", help="time from sample to sample")


def run(args: argparse.Namespace, output: Output) -> int:
    """Measure, and show it; 1 if an answer of the board is wrong."""

    if args.count < 1:
        raise SpikeletError(f"--count is {args.count}; it must be at least 1")
    loaded = load_network(args.network)
    given = trial_samples.fitting(loaded, args.samples, args.every)
    where = board_steps.port(args, output)
    with bench_board.measuring(where, loaded) as board:
        available = board.kernels()
        clock, machine = board.clock, board.machine
        output.results |= {"board": machine, "runtime": board.runtime}
    kernels = _chosen(args.kernel, available, where.name)
    dense = None
    if args.against:
        dense = against_ann.train(loaded, _labelled(args, given))
    chip = _chip(args, machine)
    output.results |= {
        "unit": clock.unit,
        "exact": clock.exact,
        "samples": min(args.count, len(given)),
        "kernels": [],
    }
    output.say(f"{where.name}: {machine}, in {clock.unit}" + _warning(clock))
    wrong = 0
    for kernel in kernels:
        with (
            bench_board.measuring(where, loaded) as board,
            output.progress(f"measuring {kernel}") as report,
        ):
            found = measure.measure(board, loaded, kernel, given.x[: args.count], report)
            comparison = None
            if dense is not None:
                comparison = against_ann.compare(board, loaded, found, dense, given.x)
        wrong += found.sample.wrong
        _show(found, clock, output)
        if comparison is not None:
            _show_comparison(comparison, found, clock, output)
        if chip is not None and clock.unit != "instructions":
            _show_energy(found, comparison, clock, chip, args.every_ms, output)
    return int(wrong > 0)


def _chosen(wanted: str, available: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the kernels to measure."""

    if wanted == "all":
        return available
    if wanted and wanted not in available:
        raise SpikeletError(f"{name} has no kernel {wanted!r}; it has {', '.join(available)}")
    return (wanted or available[0],)


def _labelled(args: argparse.Namespace, given: Dataset) -> Dataset:
    """Return the samples that an int8 network can learn from, training part and all."""

    if args.samples in (None, "digits") and given.classes:
        return dataset.load_digits()
    return given


def _chip(args: argparse.Namespace, machine: str) -> Chip | None:
    """Return the chip that was asked for, or the board's, with what is given instead."""

    found = energy.chip(args.chip) if args.chip else energy.of_machine(machine)
    given = (args.active_ma, args.asleep_ma, args.mhz)
    if found is None:
        if None in given:
            if any(value is not None for value in (*given, args.every_ms)):
                raise SpikeletError(
                    f"no currents are known of {machine}; give --active-ma, --asleep-ma and --mhz"
                )
            return None
        return energy.Chip("given", "", args.mhz, args.volts or 3.3, *given[:2], {})
    changed = {"active": given[0], "asleep": given[1], "megahertz": given[2], "volts": args.volts}
    return replace(found, **{name: v for name, v in changed.items() if v is not None})


def _warning(clock: Clock) -> str:
    return "" if clock.exact else ", which vary from run to run"


def _show(found: KernelCost, clock: Clock, output: Output) -> None:
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
        for number, one in enumerate(found.layers)
    ]
    output.say(f"\nkernel {found.kernel}")
    columns = ("layer", "weights", "an event", "a step", "to hold", "a fired neuron", "bytes/step")
    output.table(columns, rows)
    sample, memory = found.sample, found.memory
    output.say(
        f"a sample: {sample.total:,.0f} {clock.unit} (input {sample.take:,.0f}, steps "
        f"{sample.steps:,.0f}, answer {sample.answer:,.0f}), a step {sample.step:,.0f}, for "
        f"{sample.synaptic_events:,.0f} synaptic events; it allocates {sample.allocated:,} bytes"
    )
    seconds = BITS * sample.sent / BAUD
    output.say(
        f"told to a host: {sample.told:,.0f} more ({sample.told_share:.0%}), {sample.sent:,.0f} bytes "
        f"sent, {1000 * seconds:.1f} ms at {BAUD:,} baud"
    )
    if memory.free:
        output.say(
            f"memory: runtime {memory.runtime:,} bytes, kernel {memory.kernel:,}, network "
            f"{memory.network:,}; {memory.free:,} free"
        )
    if sample.wrong:
        output.say(f"{sample.wrong} of {sample.samples} answers are wrong: run spikelet verify")
    output.results["kernels"].append(_record(found))


def _record(found: KernelCost) -> dict[str, Any]:
    """Return what was measured for JSON."""
    record = asdict(found)
    sample = record["sample"]
    sample |= {"total": found.sample.total, "told_share": found.sample.told_share}
    sample["milliseconds_at_115200_baud"] = 1000 * BITS * found.sample.sent / BAUD
    return record


def _show_comparison(
    comparison: Comparison, found: KernelCost, clock: Clock, output: Output
) -> None:
    told = comparison.sentence(found.sample.total, clock.unit)
    output.say(
        f"an int8 network without spikes: {comparison.products:,} products of "
        f"{comparison.per_product:.2f}, accuracy {comparison.accuracy:.2%} "
        f"(float {comparison.accuracy_float:.2%})"
    )
    output.say(told)
    figures = asdict(comparison) | {"per_product": comparison.per_product, "sentence": told}
    output.results["kernels"][-1]["ann"] = figures


def _show_energy(
    found: KernelCost,
    comparison: Comparison | None,
    clock: Clock,
    chip: Chip,
    every_ms: float | None,
    output: Output,
) -> None:

    costs = {"energy": found.sample.total}
    if comparison is not None:
        costs["ann_energy"] = comparison.cost
    for key, spent in costs.items():
        time = energy.microseconds(spent, clock.unit, chip.megahertz)
        guess = energy.estimate(time, chip, every_ms)
        text = f"{guess.microseconds:,.0f} us and {guess.microjoules:,.1f} uJ a sample"
        if guess.duty is not None:
            text += f", awake {guess.duty:.2%} of the time, {guess.milliamperes:.3g} mA on average"
        name = "int8 network" if key == "ann_energy" else found.kernel
        output.say(f"{name}, an estimate for {chip.name} at {chip.megahertz:g} MHz: {text}")
        output.results["kernels"][-1][key] = asdict(guess) | {"chip": chip.name, "estimate": True}
