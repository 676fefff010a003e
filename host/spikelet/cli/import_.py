"""The verb `import`: reads a NIR graph of another framework.

The module cannot have the name of the verb, because that is a keyword of Python.
"""

import argparse

from spikelet import files
from spikelet.cli import options
from spikelet.graphs import file
from spikelet.graphs.foreign import read
from spikelet.graphs.foreign.frameworks import FRAMEWORKS
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.protocol import StreamWindow
from spikelet.output import Output
from spikert.network.tables import ENCODERS, READOUTS

EXAMPLE = (
    "spikelet import lif.nir -o net.nir --from snntorch --encoder rate --steps 25 --readout count"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `import`."""
    parser.add_argument("graph", metavar="FILE", help="NIR graph that is a chain of layers")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".nir file to write")
    parser.add_argument("--encoder", choices=ENCODERS, required=True, help="encoder of the inputs")
    options.add_encoder_parameter(parser)
    parser.add_argument("--steps", type=int, required=True, metavar="T", help="steps per sample")
    parser.add_argument(
        "--hop",
        type=int,
        metavar="N",
        help="samples of a recording from one answer to the next",
    )
    parser.add_argument(
        "--window", type=int, metavar="N", help="samples of a recording that each answer covers"
    )
    parser.add_argument(
        "--readout", choices=READOUTS, required=True, help="rule that gives the answer"
    )
    parser.add_argument(
        "--from",
        dest="framework",
        choices=tuple(FRAMEWORKS),
        help="framework that wrote the file; Spikelet follows its conventions, and takes its dt and "
        "reset unless you give them",
    )
    parser.add_argument("--dt", type=float, metavar="SECONDS", help="duration of a step")
    parser.add_argument(
        "--reset",
        choices=("subtract", "set"),
        help="reset after a spike: subtract v_threshold, or set to v_reset",
    )
    parser.add_argument(
        "--classes",
        type=lambda text: tuple(text.split(",")),
        metavar="A,B,...",
        help="names of the classes (default: numbers)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Import and write the graph, then report on every node."""
    files.check_outputs([args.output], [args.graph])
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
        stream=None if window is None else StreamWindow(window, args.hop or window),
    )
    imported = read.read_foreign(args.graph, options)
    network = imported.network
    file.write_graph(network, args.output)
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
        subject = f"{entry.kind} {entry.node!r}" if entry.node else "graph"
        output.say(f"{entry.grade}: {subject}: {entry.text}")
    return 0


def _rhythm(network: FloatNetwork) -> str:
    """Return a phrase on the hop and the window of a stream; "" for other networks."""
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
