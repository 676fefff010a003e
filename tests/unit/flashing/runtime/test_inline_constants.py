"""The firmware's constants become numbers before it is compiled; no name is lost that is asked for."""

import ast
import re

import pytest

from spikelet import installation
from spikelet.flashing.runtime import inline_constants

WIRE = """
from spikert.compat import const

HELLO = const(0x40)  # a name of others
LEAST = const(3)
ASKED = const(9)
FORMAT = "<H"


def size(more):
    return LEAST + more
"""


def inlined(**others):
    """Return what becomes of modules, and of wire.py beside them."""
    sources = {f"spikert/{name}.py": source for name, source in others.items()}
    found = inline_constants.inlined({"spikert/wire.py": WIRE, **sources})
    return {path[8:-3]: source for path, source in found.items()}


def test_what_others_ask_for_becomes_a_number():
    found = inlined(session="from spikert import wire\n\nkind = wire.HELLO + wire.size(1)\n")
    assert found["session"] == "from spikert import wire\n\nkind = 64 + wire.size(1)\n"
    assert "\n_HELLO = const(0x40)  # a name of others\n_LEAST = const(3)\n" in found["wire"]
    assert "return _LEAST + more" in found["wire"]
    assert 'FORMAT = "<H"' in found["wire"]


def test_modules_may_be_called_otherwise_and_constants_imported():
    text = "from spikert import wire as w\nfrom spikert.wire import LEAST, size\n\nx = w.HELLO, LEAST\n"
    assert inlined(frames=text)["frames"].endswith(
        "from spikert import wire as w\nfrom spikert.wire import size\n\nx = 64, 3\n"
    )
    assert (
        inlined(frames="from spikert.wire import LEAST\nx = LEAST\n")["frames"] == "pass\nx = 3\n"
    )


@pytest.mark.parametrize("asking", ["x.ASKED", "getattr(x, 'ASKED')"])
def test_what_may_be_asked_for_at_run_time_keeps_its_name(asking):
    found = inlined(other=f"def read(x):\n    return {asking}\n")
    assert "\nASKED = const(9)" in found["wire"]
    assert "\n_HELLO = const" in found["wire"]


def test_text_that_is_not_ascii_stays_in_its_place():
    text = "from spikert import wire\nname = 'größe', wire.HELLO, 'µ'\n"
    assert inlined(other=text)["other"] == text.replace("wire.HELLO", "64")


def test_the_firmware_stays_python_and_uses_no_constant_that_it_has_not():
    paths = {path: data.decode() for path, data in installation.runtime_files().items()}
    package = {path: text for path, text in paths.items() if path.startswith("spikert/")}
    found = inline_constants.inlined(package)
    assert found.keys() == package.keys()
    kept = 0
    for path, text in found.items():
        ast.parse(text)
        named = set(re.findall(r"^([A-Z][A-Z0-9_]*) = const\(\w+\)", text, re.MULTILINE))
        kept += len(named)
        others = "".join(other for name, other in found.items() if name != path)
        assert all(re.search(rf"\b{name}\b", others) for name in named), path
    before = sum(
        len(re.findall(r"(?m)^[A-Z][A-Z0-9_]* = const\(\w+\)", t)) for t in package.values()
    )
    assert kept < before / 4
