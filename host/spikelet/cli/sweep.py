"""`spikelet sweep`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from spikelet import files
from spikelet.cli import pictures, train
from spikelet.inputs import dataset
from spikelet.output import Output
from spikelet.training.sweeps import pareto, results, sweep
from spikelet.training.sweeps.pareto import Configuration, Spread

EXAMPLE = (
    "spikelet sweep digits -o sweep.jsonl --encoder direct,rate --steps 2,4,8 --hidden 32 "
    "--hidden 64,32 --seeds 3 --picture pareto.png"
)
EACH = "each_"  # begins the names of arguments that hold a list, apart from those of `train`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `sweep` takes."""
    parser.add_argument("samples", metavar="SAMPLES", help="digits, or an .npz with x and y")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the .jsonl of results; what it holds already is not trained again",
    )
    _add_axes(parser.add_argument_group("what to combine"))
    _add_constants(parser.add_argument_group("the same for all"))
    parser.add_argument("--picture", metavar="FILE", help="draw accuracy against synaptic events")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, metavar="N", help="processes (default: one per core)")
    where.add_argument(
        "--dask", metavar="ADDRESS", help="train on a Dask cluster, e.g. tcp://host:8786"
    )


def _add_axes(group: argparse._ArgumentGroup) -> None:
    """Add the options that take a list of values."""
    add = _adder(group, "extend")
    add("--encoder", str, "E", "direct, rate, bernoulli, latency, phase (default: direct)")
    add("--encoder-parameter", int, "P", "as in `spikelet train` (default: the encoder's usual)")
    add("--steps", int, "T", "steps per sample (default: 4)")
    # A network is a list by itself, so each of them takes an option.
    _adder(group, "append")("--hidden", int, "N", "hidden layers; again for another (default: 64)")
    add("--bits", int, "B", "3..8 per weight, trained for (default: 8, without training for it)")
    add("--beta", float, "B", "membrane kept per step by hidden layers (default: 0.875)")
    add("--readout-beta", float, "B", "the same of the last layer (default: 0.875)")
    add("--spike-penalty", float, "P", "of each hidden spike (default: 0.001)")
    group.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="networks of each kind (default: 1)"
    )


def _add_constants(group: argparse._ArgumentGroup) -> None:
    """Add options of training that take one value."""
    group.add_argument("--reset", choices=("subtract", "set"), help="(default: subtract)")
    group.add_argument("--readout", choices=("max", "count", "last"), help="(default: max)")
    group.add_argument(
        "--augment", action="store_true", help="turn, scale and shift square images a little"
    )
    group.add_argument(
        "--surrogate",
        choices=("fast-sigmoid", "arctan", "boxcar"),
        help="what stands in for a spike's derivative (default: fast-sigmoid)",
    )
    group.add_argument("--epochs", type=int, metavar="N", help="at most so many")


def run(args: argparse.Namespace, output: Output) -> int:
    """Train what is missing, show the table, draw."""

    for target in filter(None, (args.output, args.picture)):
        files.check_target(target)
    workers = sweep.Workers(sweep.ALL_CORES if args.jobs is None else args.jobs, args.dask)
    wanted = sweep.grid(train.training_options(args), _axes(args), args.seeds)
    samples = dataset.load(args.samples)
    found = results.read(args.output, samples)
    if found.damaged:
        output.warn(f"{args.output}: {_lines(found.damaged)} damaged, and taken for not there")
    with output.progress("sweeping") as report:
        outcomes = sweep.run(samples, wanted, args.output, workers, report)
    configurations = pareto.configurations(outcomes)
    output.results |= {
        "output": args.output,
        "networks": len(outcomes),
        "trained": sum(options not in found.outcomes for options in wanted),
        "damaged_lines": found.damaged,
    }
    _show(configurations, output)
    output.say(f"{args.output}: {len(outcomes)} networks, {output.results['trained']} trained now")
    if args.picture:
        pictures.pareto(args.picture, configurations)
        output.results["picture"] = args.picture
        output.say(f"{args.picture}: accuracy against synaptic events")
    return int(any(one.failures for one in configurations))


def _axes(args: argparse.Namespace) -> dict[str, Sequence[Any]]:
    """Return the values that were given for each option, by its name."""
    return {
        name.removeprefix(EACH): values
        for name, values in vars(args).items()
        if name.startswith(EACH) and values is not None
    }


def _show(configurations: Sequence[Configuration], output: Output) -> None:
    """Show a row for each configuration, from few synaptic events to many, and all failures."""

    best = pareto.front(configurations)
    names = pareto.varied(configurations)
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
    """Return a mean, and where seeds differ their ends, in percent."""
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
    """Return a function that adds an option with values between commas."""

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
    """Return what reads values of a kind between commas."""

    def parse(text: str) -> tuple[object, ...]:
        try:
            return tuple(kind(part) for part in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 4 or 4,8") from None

    return parse
