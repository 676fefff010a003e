"""`spikelet doctor`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spikelet.cli.output import Output

SUMMARY = "Say which boards can be reached from here, and what to do about the others."
EXAMPLE = "spikelet doctor"
NO_HARDWARE = ("virtual", "unix", "qemu:m3", "qemu:m0", "qemu:rv32", "pico")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: `doctor` takes no arguments of its own."""


def run(args: argparse.Namespace, output: Output) -> int:
    """Try every port that needs no hardware, and every board that is attached."""
    import platform

    from spikelet import __version__, ports
    from spikelet.errors import SpikeletError

    output.say(
        f"spikelet {__version__} on Python {platform.python_version()}, {platform.platform()}"
    )
    attached = ports.attached()
    output.results |= {"version": __version__, "attached": attached, "ports": {}}
    for name in (*NO_HARDWARE, *attached):
        try:
            said = _ask(name)
            works = True
        except SpikeletError as error:
            said = str(error)
            works = False
        output.results["ports"][name] = {"works": works, "says": said}
        output.say(f"{'ok' if works else '--'}  {name}: {said}")
    if not attached:
        output.say("no board is attached; plug one in to see it here, or use --port virtual")
    return 0


def _ask(name: str) -> str:
    """Return what the interpreter at a port says of itself."""
    from spikelet import ports

    with ports.resolve(name).connect() as transport:
        transport.exec("import sys")
        return str(transport.eval("sys.implementation.name + ', Python ' + sys.version"))
