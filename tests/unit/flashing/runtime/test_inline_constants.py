"""The firmware's constants become numbers before it is compiled; no name is lost that is asked for."""

import ast
import re

import pytest

from spikelet import installation
from spikelet.flashing.runtime import inline_constants

DEFINITION = r"(?m)^(_?[A-Z][A-Z0-9_]*) = const\((\w+)\)"
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
    assert "\n  # a name of others\n\n" in found["wire"]
    assert "return 3 + more" in found["wire"]
    assert 'FORMAT = "<H"' in found["wire"]


def test_modules_may_be_called_otherwise_and_constants_imported():
    text = "from spikert import wire as w\nfrom spikert.wire import LEAST, size\n\nx = w.HELLO, LEAST\n"
    assert inlined(frames=text)["frames"].endswith(
        "from spikert import wire as w\nfrom spikert.wire import size\n\nx = 64, 3\n"
    )
    assert inlined(frames="from spikert.wire import LEAST\nx = LEAST\n")["frames"] == "\nx = 3\n"
    inner = "def f():\n    from spikert.wire import LEAST\n    return LEAST\n"
    assert inlined(frames=inner)["frames"] == "def f():\n    pass\n    return 3\n"


def test_every_statement_stays_on_its_line():
    text = "from spikert.wire import (\n    ASKED,\n    LEAST,\n    size,\n)\n\nx = size(LEAST)\n"
    assert (
        inlined(frames=text)["frames"] == "from spikert.wire import size\n\n\n\n\n\nx = size(3)\n"
    )
    text = text.replace("    size,\n", "").replace("size(LEAST)", "LEAST")
    assert inlined(frames=text)["frames"] == "\n\n\n\n\nx = 3\n"
    assert len(inlined()["wire"].splitlines()) == len(WIRE.splitlines())


def test_const_is_imported_only_for_definitions_that_stay():
    assert "import const" not in inlined()["wire"]
    found = inlined(other="def read(x):\n    return x.ASKED\n")
    assert "from spikert.compat import const\n" in found["wire"]


def test_a_name_of_two_modules_is_looked_up_at_run_time():
    text = "def f():\n    from spikert import {} as w\n    return w.LEAST\n"
    text = text.format("wire") + text.format("other")
    found = inlined(user=text, other="from micropython import const\n\nLEAST = const(4)\n")
    assert found["user"] == text
    assert "LEAST = const(3)" in found["wire"]
    assert "LEAST = const(4)" in found["other"]


@pytest.mark.parametrize("asking", ["x.ASKED", "getattr(x, 'ASKED')"])
def test_what_may_be_asked_for_at_run_time_keeps_its_name(asking):
    found = inlined(other=f"def read(x):\n    return {asking}\n")
    assert "\nASKED = const(9)" in found["wire"]
    assert "HELLO" not in found["wire"]


def test_text_that_is_not_ascii_stays_in_its_place():
    text = "from spikert import wire\nname = 'größe', wire.HELLO, 'µ'\n"
    assert inlined(other=text)["other"] == text.replace("wire.HELLO", "64")


def test_the_firmware_stays_python_and_loses_no_name_that_it_asks_for():
    paths = {path: data.decode() for path, data in installation.runtime_files().items()}
    package = {path: text for path, text in paths.items() if path.startswith("spikert/")}
    found = inline_constants.inlined(package)
    assert found.keys() == package.keys()
    kept = set()
    for path, text in found.items():
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        defined = set(re.findall(DEFINITION, package[path]))
        left = set(re.findall(DEFINITION, text))
        assert names & defined <= left, path
        assert text.count("\n") == package[path].count("\n")
        kept |= left
    assert len(kept) < len(re.findall(DEFINITION, "".join(package.values()))) / 10


def test_firmware_defines_each_constant_once():
    numbers = {}
    for path, data in installation.runtime_files().items():
        for name, number in re.findall(DEFINITION, data.decode()):
            numbers.setdefault(name.lstrip("_"), {})[path] = int(number, 0)
    again = {name: paths for name, paths in numbers.items() if len(paths) > 1}
    # Chips of sensors have registers and rates of their own, the scores and the link their checksums.
    ours = {n: p for n, p in again.items() if not any("/chips/" in path for path in p)}
    assert ours == {}
