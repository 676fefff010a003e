"""The command `spikelet`: chooses a verb, runs it, and reports errors in one line.

Each verb has a module with EXAMPLE, add_arguments(parser) and run(args, output). `run` returns the exit
status: RIGHT after success, FAILED if a check found a difference. The class of an error gives the
status after an error. The command imports only the module of the typed verb, so that help is fast.
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

from spikelet.errors import FAILED, SpikeletError
from spikelet.version import __version__

if TYPE_CHECKING:
    from spikelet.output import Output

VERBS = {
    "demo": "Run all steps once: train on digits, convert, prove, flash, verify every spike, draw.",
    "record": "Record labelled samples from the sensor of a board into a folder for `spikelet train`.",
    "train": "Train a spiking network on labelled samples and write it as a NIR graph.",
    "ann": "Convert a ReLU network, trained here or read from a NIR graph, to a spiking network.",
    "sweep": "Train every combination of options and compare accuracy with synaptic events.",
    "import": "Import a NIR graph from another framework and report every change.",
    "export": "Export a graph to snnTorch, or a recording of `spikelet monitor` to other tools.",
    "convert": "Convert a NIR graph to int8 tables and prove that they fit 16-bit integers.",
    "inspect": "Show the tables and the proof of a .lif file, and whether they fit a board.",
    "flash": "Write the runtime and a network to a board; the old one stays until the new one loads.",
    "run": "Run samples on a board and save its spikes, membranes and answers.",
    "verify": "Run samples on a board and compare every spike and membrane with the reference.",
    "bench": "Measure time, instructions or cycles of each step, sample and synaptic event on a board.",
    "monitor": "Watch a board run its network on its sensor or on a flashed recording.",
    "boards": "List the known boards and the ports of the attached ones, or show one board in full.",
    "doctor": "Examine every port: show the board and its software, and how to fix problems.",
}
INTERRUPTED = 130
DESCRIPTION = """\
Train a spiking network, prove that it fits 16-bit integers, flash it to a MicroPython or CircuitPython
board, and check every spike of the board. Without a board, use --port virtual."""
STATUSES = """\
exit status:
  0    the work succeeded, and no difference was found
  1    a difference was found, or the work failed
  2    wrong usage: an option, a value or the name of a file
  3    no board, a busy one, or one that does not answer
  4    refused input: damaged, contradictory, or more than Spikelet or the board can take
  130  interrupted by Ctrl-C"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    args = _parser(_typed(words)).parse_args(words)
    # The import is here because rich and numpy would delay the help.
    from spikelet.output import Output  # noqa: PLC0415

    output = Output(json=args.json)
    try:
        # Leaving the block prints the JSON object, which can fail as well.
        with output:
            return _run(args, output)
    except SpikeletError as error:
        _silence_stdout()
        return _fail(output, args.verb, str(error), error.status)
    except BrokenPipeError:
        _silence_stdout()
        return FAILED
    finally:
        _flush_stdout()


def _run(args: argparse.Namespace, output: Output) -> int:
    """Run the verb, and return its exit status or that of its error."""
    try:
        return int(args.run(args, output))
    except SpikeletError as error:
        return _fail(output, args.verb, str(error), error.status)
    except KeyboardInterrupt:
        return _fail(output, args.verb, "interrupted", INTERRUPTED)
    except MemoryError:
        text = "this computer has too little memory for it; use fewer samples or a smaller network"
        return _fail(output, args.verb, text, FAILED)
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("SPIKELET_DEBUG"):
            traceback.print_exc()
        fault = f"{type(error).__name__}: {error}"
        text = f"a fault in Spikelet ({fault}); SPIKELET_DEBUG=1 shows where, please report it"
        return _fail(output, args.verb, text, FAILED)


def _typed(arguments: Sequence[str]) -> str | None:
    """Return the first verb among the arguments; None without one."""
    return next((name for name in arguments if name in VERBS), None)


def _parser(typed: str | None) -> argparse.ArgumentParser:
    """Return a parser that lists all verbs, and knows the arguments of the typed one."""
    parser = argparse.ArgumentParser(
        prog="spikelet",
        description=DESCRIPTION,
        epilog=STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    # The name of a module cannot be a keyword, such as import.
    suffix = "_" if keyword.iskeyword(name) else ""
    module = importlib.import_module(f"spikelet.cli.{name}{suffix}")
    parser.epilog = f"example:\n  {module.EXAMPLE}\n\n{STATUSES}"
    module.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=module.run)


def _fail(output: Output, verb: str, sentence: str, status: int) -> int:
    output.fail(f"spikelet {verb}: {sentence}", sentence)
    return status


def _flush_stdout() -> None:
    """Flush stdout, which the interpreter would otherwise do at its end, with a complaint."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        _silence_stdout()


def _silence_stdout() -> None:
    """Replace stdout, so that the interpreter ends without a complaint about it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
