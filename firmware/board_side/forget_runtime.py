"""Forget the runtime that an earlier session imported, so that its memory is free."""

import sys

session = None
for name in list(sys.modules):
    if name.startswith("spikert"):
        del sys.modules[name]
