"""The command `spikelet`: a file per verb.

A verb's module has SUMMARY (one sentence), EXAMPLE, add_arguments(parser) and run(args, output), which
returns the exit status: 0 done, 1 the work failed or a check found a difference. Bad usage is 2, an
interruption 130. Modules import what is heavy only in run, so that help is there at once.
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

VERBS = (
    "demo",
    "record",
    "train",
    "ann",
    "sweep",
    "import",
    "export",
    "convert",
    "inspect",
    "flash",
    "run",
    "verify",
    "bench",
    "monitor",
    "boards",
    "doctor",
)
FAILED, INTERRUPTED = 1, 130
DESCRIPTION = """\
Train a spiking network, prove that it fits 16-bit integers, put it on a MicroPython or CircuitPython
board, and check every spike that the board makes. Without a board, --port virtual is one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    args = _parser().parse_args(arguments)
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
            what = f"{type(error).__name__}: {error}"
            text = f"a fault in Spikelet ({what}); SPIKELET_DEBUG=1 shows where, please report it"
            return _fail(output, args.verb, text, FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spikelet", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"spikelet {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in VERBS:
        suffix = "_" if keyword.iskeyword(name) else ""  # no module can be called import
        module = importlib.import_module(f"spikelet.cli.{name}{suffix}")
        verb = verbs.add_parser(
            name,
            help=module.SUMMARY,
            description=module.SUMMARY,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(verb)
        verb.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
        verb.set_defaults(run=module.run)
    return parser


def _fail(output: Output, verb: str, sentence: str, status: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        output.fail(f"spikelet {verb}: {sentence}", sentence)
    return status


def _silence_stdout() -> None:
    """Keep the interpreter from complaining about a closed pipe when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
