"""Replace CircuitPython's `sys`; its streams carry text and have no `buffer`."""

import sys
from types import SimpleNamespace

from console import text_input, text_output

argv: list[str] = []
# The board's own; the names of CPython's modules are none of the board's.
modules: dict[str, object] = {}
path = ["", "/", ".frozen", "/lib"]
byteorder, maxsize, platform, exit = sys.byteorder, sys.maxsize, sys.platform, sys.exit
version, version_info = sys.version, tuple(sys.version_info[:3])
# It names CPython, because the virtual board runs the firmware on it.
implementation = SimpleNamespace(
    name=sys.implementation.name, version=tuple(sys.implementation.version[:3])
)
stdin, stdout, stderr = text_input, text_output, text_output
