"""Forget the runtime that an earlier session imported, to free its memory."""

import sys

session = None
for name in list(sys.modules):
    if name.startswith("spikert"):
        del sys.modules[name]
