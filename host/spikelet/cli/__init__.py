"""The command `spikelet`: a file per verb.

A verb's module has EXAMPLE, add_arguments(parser) and run(args, output), which returns the exit
status: 0 done, 1 the work failed or a check found a difference. Bad usage is 2, an interruption 130.
Only the module of the verb that was typed is imported, so that help is there at once.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import keyword
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spikelet.errors import SpikeletError
from spikelet.version import __version__

if TYPE_CHECKING:
    from spikelet.output import Output

VERBS = {
    "demo": "Go the whole way once: train on digits, convert, prove, flash, verify every spike, draw.",
    "record": "Record labelled samples of a board's sensor into a folder that train takes as it is.",
    "train": "Train a spiking network on labelled samples and write it as a NIR graph.",
    "ann": "Turn a ReLU network, trained here or read from a graph, into a spiking one.",
    "sweep": "Train every combination of options, and show what accuracy costs in synaptic events.",
    "import": "Turn a NIR graph of another framework into one of Spikelet's, and say what that changes.",
    "export": "Write a graph, or a recording of monitor, in a form that other tools read.",
    "convert": "Turn a NIR graph into int8 tables, and prove that they fit 16-bit integers.",
    "inspect": "Show what a .lif file holds, what is proved of it, and whether a board has room for it.",
    "flash": "Put the runtime and a network on a board; what it runs stays until the new is loaded.",
    "run": "Run samples on a board and keep its spikes, membranes and answers.",
    "verify": "Run samples on a board and compare every spike and membrane with the reference.",
    "bench": "Measure time, instructions or cycles of each step, sample and synaptic event on a board.",
    "monitor": "Watch a board run its network, on its sensor or on the recording flashed with it.",
    "boards": "List the boards that Spikelet knows and the ports where one is attached, or one's facts.",
    "doctor": "Say what is at each port, what runs on it, and what to do about what is missing.",
}
FAILED, INTERRUPTED = 1, 130
DESCRIPTION = """\
Train a spiking network, prove that it fits 16-bit integers, put it on a MicroPython or CircuitPython
board, and check every spike that the board makes. Without a board, --port virtual is one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    args = _parser(_typed(given)).parse_args(given)
    # rich and numpy are imported only for a verb that runs.
    from spikelet.output import Output

    with Output(json=args.json) as output:
        try:
            return int(args.run(args, output))
        except SpikeletError as error:
            return _fail(output, args.verb, str(error), FAILED)
        except KeyboardInterrupt:
            return _fail(output, args.verb, "interrupted", INTERRUPTED)
        except BrokenPipeError:
            _silence_stdout()
            return FAILED
        except Exception as error:
            if os.environ.get("SPIKELET_DEBUG"):
                traceback.print_exc()
            fault = f"{type(error).__name__}: {error}"
            text = f"a fault in Spikelet ({fault}); SPIKELET_DEBUG=1 shows where, please report it"
            return _fail(output, args.verb, text, FAILED)


def _typed(arguments: Sequence[str]) -> str | None:
    """Return the verb that was typed, None if there is none."""
    return next((name for name in arguments if name in VERBS), None)


def _parser(typed: str | None) -> argparse.ArgumentParser:
    """Return a parser that lists all verbs, and knows the arguments of one."""
    parser = argparse.ArgumentParser(prog="spikelet", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"spikelet {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, summary in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=summary,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == typed:
            _complete(verb, name)
    return parser


def _complete(parser: argparse.ArgumentParser, name: str) -> None:
    """Import a verb and add its arguments."""
    # No module can have the name of a keyword, such as import.
    suffix = "_" if keyword.iskeyword(name) else ""
    module = importlib.import_module(f"spikelet.cli.{name}{suffix}")
    parser.epilog = f"example:\n  {module.EXAMPLE}"
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.set_defaults(run=module.run)


def _fail(output: Output, verb: str, sentence: str, status: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        output.fail(f"spikelet {verb}: {sentence}", sentence)
    return status


def _silence_stdout() -> None:
    """Keep the interpreter from complaining about a closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
