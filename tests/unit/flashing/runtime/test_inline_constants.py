"""Constants of the firmware become numbers; names with a look-up at run time stay."""

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
    """Return {name: source} of modules and wire.py with numbers instead of constants."""
    sources = {f"spikert/{name}.py": source for name, source in others.items()}
    modules = inline_constants.inlined({"spikert/wire.py": WIRE, **sources})
    return {path[8:-3]: source for path, source in modules.items()}


def test_inlined_constant_of_other_module_becomes_number():
    modules = inlined(session="from spikert import wire\n\nkind = wire.HELLO + wire.size(1)\n")
    assert modules["session"] == "from spikert import wire\n\nkind = 64 + wire.size(1)\n"
    assert "\n  # a name of others\n\n" in modules["wire"]
    assert "return 3 + more" in modules["wire"]
    assert 'FORMAT = "<H"' in modules["wire"]


def test_inlined_import_with_alias_or_of_constant_becomes_number():
    text = "from spikert import wire as w\nfrom spikert.wire import LEAST, size\n\nx = w.HELLO, LEAST\n"
    assert inlined(frames=text)["frames"].endswith(
        "from spikert import wire as w\nfrom spikert.wire import size\n\nx = 64, 3\n"
    )
    assert inlined(frames="from spikert.wire import LEAST\nx = LEAST\n")["frames"] == "\nx = 3\n"
    inner = "def f():\n    from spikert.wire import LEAST\n    return LEAST\n"
    assert inlined(frames=inner)["frames"] == "def f():\n    pass\n    return 3\n"


def test_inlined_statements_stay_on_their_lines():
    text = "from spikert.wire import (\n    ASKED,\n    LEAST,\n    size,\n)\n\nx = size(LEAST)\n"
    assert (
        inlined(frames=text)["frames"] == "from spikert.wire import size\n\n\n\n\n\nx = size(3)\n"
    )
    text = text.replace("    size,\n", "").replace("size(LEAST)", "LEAST")
    assert inlined(frames=text)["frames"] == "\n\n\n\n\nx = 3\n"
    assert len(inlined()["wire"].splitlines()) == len(WIRE.splitlines())


def test_inlined_keeps_const_import_only_with_definitions():
    assert "import const" not in inlined()["wire"]
    modules = inlined(other="def read(x):\n    return x.ASKED\n")
    assert "from spikert.compat import const\n" in modules["wire"]


def test_inlined_ambiguous_module_name_stays_unchanged():
    text = "def f():\n    from spikert import {} as w\n    return w.LEAST\n"
    text = text.format("wire") + text.format("other")
    modules = inlined(user=text, other="from micropython import const\n\nLEAST = const(4)\n")
    assert modules["user"] == text
    assert "LEAST = const(3)" in modules["wire"]
    assert "LEAST = const(4)" in modules["other"]


@pytest.mark.parametrize("asking", ["x.ASKED", "getattr(x, 'ASKED')"])
def test_inlined_constant_with_dynamic_lookup_keeps_definition(asking):
    modules = inlined(other=f"def read(x):\n    return {asking}\n")
    assert "\nASKED = const(9)" in modules["wire"]
    assert "HELLO" not in modules["wire"]


def test_inlined_non_ascii_text_keeps_columns():
    text = "from spikert import wire\nname = 'größe', wire.HELLO, 'µ'\n"
    assert inlined(other=text)["other"] == text.replace("wire.HELLO", "64")


def test_inlined_firmware_parses_and_keeps_needed_names():
    paths = {path: data.decode() for path, data in installation.runtime_files().items()}
    package = {path: text for path, text in paths.items() if path.startswith("spikert/")}
    modules = inline_constants.inlined(package)
    assert modules.keys() == package.keys()
    definitions = set()
    for path, text in modules.items():
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        defined = set(re.findall(DEFINITION, package[path]))
        left = set(re.findall(DEFINITION, text))
        assert names & defined <= left, path
        assert text.count("\n") == package[path].count("\n")
        definitions |= left
    assert len(definitions) < len(re.findall(DEFINITION, "".join(package.values()))) / 10


def test_firmware_defines_each_constant_once():
    numbers = {}
    for path, data in installation.runtime_files().items():
        for name, number in re.findall(DEFINITION, data.decode()):
            numbers.setdefault(name.lstrip("_"), {})[path] = int(number, 0)
    again = {name: paths for name, paths in numbers.items() if len(paths) > 1}
    # Each chip of a sensor has its own registers and rates, and the scores and the link their checksums.
    ours = {n: p for n, p in again.items() if not any("/chips/" in path for path in p)}
    assert ours == {}
