"""`spikelet import`; the module cannot have the name of the verb, which is a keyword."""

import argparse

from spikelet import files
from spikelet.cli import options
from spikelet.graphs import file
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.frameworks import FRAMEWORKS
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.protocol import Stream
from spikelet.output import Output
from spikert.network.tables import ENCODERS, READOUTS

EXAMPLE = (
    "spikelet import lif.nir -o net.nir --from snntorch --encoder rate --steps 25 --readout count"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `import` takes."""

    parser.add_argument("graph", metavar="FILE", help="a NIR graph, a chain of layers")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the .nir to write")
    parser.add_argument("--encoder", choices=ENCODERS, required=True)
    options.add_encoder_parameter(parser)
    parser.add_argument("--steps", type=int, required=True, metavar="T", help="steps per sample")
    parser.add_argument(
        "--hop", type=int, metavar="N", help="of recordings: samples from one answer to the next"
    )
    parser.add_argument(
        "--window", type=int, metavar="N", help="samples of which an answer takes account"
    )
    parser.add_argument("--readout", choices=READOUTS, required=True)
    parser.add_argument(
        "--from",
        dest="framework",
        choices=tuple(FRAMEWORKS),
        help="what wrote the file: its habits hold, and its dt and reset where none is given",
    )
    parser.add_argument("--dt", type=float, metavar="SECONDS", help="length of a step")
    parser.add_argument(
        "--reset", choices=("subtract", "set"), help="a spike subtracts v_threshold or sets v_reset"
    )
    parser.add_argument(
        "--classes",
        type=lambda text: tuple(text.split(",")),
        metavar="A,B,...",
        help="names of the classes (default: numbers)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Import, write, account for every node."""

    files.check_target(args.output)
    window = args.hop if args.window is None else args.window
    options = read.ImportOptions(
        encoder=args.encoder,
        encoder_parameter=args.encoder_parameter,
        steps=args.steps,
        readout=args.readout,
        dt=args.dt,
        reset=args.reset,
        classes=args.classes,
        framework=args.framework,
        stream=None if window is None else Stream(window, args.hop or window),
    )
    imported = read.read(args.graph, options)
    network = imported.network
    file.write(network, args.output)
    output.results |= {
        "output": args.output,
        **_summary(network),
        "account": [vars(entry) for entry in imported.account],
    }
    output.say(
        f"{args.output}: {'-'.join(map(str, _sizes(network)))}, encoder {network.encoder}, "
        f"{network.steps} steps of {network.dt:g} s, readout {network.readout}, "
        f"reset {network.layers[0].reset}{_rhythm(network)}"
    )
    for entry in imported.account:
        where = f"{entry.kind} {entry.node!r}" if entry.node else "graph"
        output.say(f"{entry.grade}: {where}: {entry.text}")
    return 0


def _rhythm(network: FloatNetwork) -> str:
    """Return how often a stream answers."""
    stream = network.stream
    return f", an answer every {stream.hop} samples over {stream.window}" if stream else ""


def _summary(network: FloatNetwork) -> dict[str, object]:
    return {
        "sizes": _sizes(network),
        "dt": network.dt,
        "reset": network.layers[0].reset,
        "encoder": network.encoder,
        "steps": network.steps,
        "stream": vars(network.stream) if network.stream else None,
        "readout": network.readout,
        "classes": network.classes,
    }


def _sizes(network: FloatNetwork) -> list[int]:
    return [network.channels, *(layer.neurons for layer in network.layers)]
