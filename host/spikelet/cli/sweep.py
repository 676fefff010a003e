"""The verb `sweep`: trains every combination of options and compares them."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from spikelet import files
from spikelet.cli import pictures, train
from spikelet.errors import FAILED, RIGHT
from spikelet.inputs import dataset
from spikelet.output import Output
from spikelet.training.sweeps import pareto, results, sweep
from spikelet.training.sweeps.pareto import Configuration, Spread

EXAMPLE = (
    "spikelet sweep digits -o sweep.jsonl --encoder direct,rate --steps 2,4,8 --hidden 32 "
    "--hidden 64,32 --seeds 3 --picture pareto.png"
)
# Prefix of the arguments that hold a list, to tell them from the arguments of `train`.
EACH = "each_"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sweep`."""
    parser.add_argument("samples", metavar="SAMPLES", help="digits, or an .npz file with x and y")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help=".jsonl file of results; the sweep skips the networks that it contains already",
    )
    _add_axes(parser.add_argument_group("options to combine"))
    _add_constants(parser.add_argument_group("options of all networks"))
    parser.add_argument("--picture", metavar="FILE", help="draw accuracy against synaptic events")
    workers = parser.add_mutually_exclusive_group()
    workers.add_argument(
        "--jobs", type=int, metavar="N", help="number of processes (default: one per core)"
    )
    workers.add_argument(
        "--dask", metavar="ADDRESS", help="train on a Dask cluster, e.g. tcp://host:8786"
    )


def _add_axes(group: argparse._ArgumentGroup) -> None:
    """Add the options that take a list of values."""
    add = _adder(group, "extend")
    add("--encoder", str, "E", "encoder: direct, rate, bernoulli, latency, phase (default: direct)")
    add(
        "--encoder-parameter",
        int,
        "P",
        "parameter of the encoder, as in `spikelet train` (default: as the encoder sets it)",
    )
    add("--steps", int, "T", "steps per sample (default: 4)")
    # The layers of one network are a list already, so each further network repeats the option.
    _adder(group, "append")(
        "--hidden",
        int,
        "N",
        "neurons of each hidden layer; repeat the option for another network (default: 64)",
    )
    add(
        "--bits", int, "B", "bits of a weight in training, 3..8 (default: 8, without such training)"
    )
    add("--beta", float, "B", "share of the membrane that hidden layers keep (default: 0.875)")
    add("--readout-beta", float, "B", "share that the last layer keeps (default: 0.875)")
    add("--spike-penalty", float, "P", "weight of hidden spikes in the loss (default: 0.001)")
    group.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks per combination (default: 1)"
    )


def _add_constants(group: argparse._ArgumentGroup) -> None:
    """Add options of training that take one value."""
    group.add_argument(
        "--reset", choices=("subtract", "set"), help="reset after a spike (default: subtract)"
    )
    group.add_argument(
        "--readout",
        choices=("max", "count", "last"),
        help="rule that gives the answer (default: max)",
    )
    group.add_argument(
        "--augment", action="store_true", help="turn, scale and shift square images a little"
    )
    group.add_argument(
        "--surrogate",
        choices=("fast-sigmoid", "arctan", "boxcar"),
        help="substitute for the derivative of a spike (default: fast-sigmoid)",
    )
    group.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="passes over the samples, at most (default: 100, or 300 with --augment)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Train the missing networks, show the table, and draw."""
    files.check_outputs([args.output, args.picture], [args.samples])
    workers = sweep.Workers(sweep.ALL_CORES if args.jobs is None else args.jobs, args.dask)
    grid = sweep.option_grid(train.training_options(args), _axes(args), args.seeds)
    samples = dataset.load_dataset(args.samples)
    earlier = results.read_results(args.output, samples)
    if earlier.torn:
        output.warn(
            f"{args.output}: the last line is incomplete; its {earlier.torn} bytes are cut off"
        )
    if earlier.damaged:
        output.warn(f"{args.output}: {_lines(earlier.damaged)} damaged and ignored")
    with output.progress("sweeping") as report:
        outcomes = sweep.run_sweep(samples, grid, args.output, workers, report)
    configurations = pareto.configurations(outcomes)
    output.results |= {
        "output": args.output,
        "networks": len(outcomes),
        "trained": sum(options not in earlier.outcomes for options in grid),
        "damaged_lines": earlier.damaged,
    }
    _show(configurations, output)
    output.say(f"{args.output}: {len(outcomes)} networks, {output.results['trained']} trained now")
    if args.picture:
        pictures.pareto(args.picture, configurations)
        output.results["picture"] = args.picture
        output.say(f"{args.picture}: accuracy against synaptic events")
    return FAILED if any(one.failures for one in configurations) else RIGHT


def _axes(args: argparse.Namespace) -> dict[str, Sequence[Any]]:
    """Return the values of each option on the command line, by its name."""
    return {
        name.removeprefix(EACH): values
        for name, values in vars(args).items()
        if name.startswith(EACH) and values is not None
    }


def _show(configurations: Sequence[Configuration], output: Output) -> None:
    """Show a row for each configuration, from few synaptic events to many, and all failures."""
    best = pareto.front(configurations)
    names = pareto.varied_options(configurations)
    measured = [one for one in configurations if one.measured]
    rows = []
    for one in sorted(measured, key=lambda one: one.synaptic_events.mean):
        number = str(best.index(one) + 1) if one in best else ""
        values = (pareto.value(one.options, name) for name in names)
        events = round(one.synaptic_events.mean)
        test = f"{100 * one.test_accuracy.mean:.2f}"
        rows.append((number, *values, events, _with_ends(one.accuracy), test, one.bytes))
    output.table(("front", *names, "events", "validation, %", "test, %", "bytes"), rows)
    for one in configurations:
        for sentence in dict.fromkeys(one.failures):
            output.warn(f"{pareto.label(one.options, names) or 'a network'}: {sentence}")
    output.results["configurations"] = [
        _record(one) | {"front": one in best} for one in configurations
    ]


def _record(one: Configuration) -> dict[str, Any]:
    """Return a configuration for JSON."""
    options = asdict(one.options)
    del options["seed"]
    record = {"options": options, "seeds": len(one.measured), "failures": one.failures}
    if not one.measured:
        return record
    return record | {
        "accuracy": one.accuracy._asdict(),
        "synaptic_events": one.synaptic_events._asdict(),
        "test_accuracy": one.test_accuracy._asdict(),
        "bytes": one.bytes,
    }


def _with_ends(spread: Spread) -> str:
    """Return a mean in percent, with the lowest and highest if seeds differ."""
    mean = f"{100 * spread.mean:.2f}"
    if spread.lowest == spread.highest:
        return mean
    return f"{mean} ({100 * spread.lowest:.1f}..{100 * spread.highest:.1f})"


def _lines(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"line {numbers[0]} is"
    return f"lines {', '.join(map(str, numbers))} are"


def _adder(
    group: argparse._ArgumentGroup, action: str
) -> Callable[[str, Callable[[str], object], str, str], None]:
    """Return a function that adds an option with a comma-separated list of values."""

    def add(name: str, kind: Callable[[str], object], metavar: str, text: str) -> None:
        group.add_argument(
            name,
            dest=EACH + name.removeprefix("--").replace("-", "_"),
            type=_list_of(kind),
            action=action,
            metavar=f"{metavar}[,{metavar}]",
            help=text,
        )

    return add


def _list_of(kind: Callable[[str], object]) -> Callable[[str], tuple[object, ...]]:
    """Return a function that parses a comma-separated list of values of a kind."""

    def parse(text: str) -> tuple[object, ...]:
        try:
            return tuple(kind(part) for part in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 4 or 4,8") from None

    return parse
