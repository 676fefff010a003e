"""Test that the virtual board's modules have the signatures of CircuitPython's stubs, and no others."""

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest
from sensor_boards import VIRTUAL, fresh_modules

MODULES = ("analogio", "audiobusio", "board", "busio", "digitalio", "microcontroller", "touchio")
MODULES += ("nvm", "storage", "supervisor", "usb_cdc")


def described(path):
    """Return {class, or "" for the module: {name: node}} of a module or its stubs."""
    tree = ast.parse(path.read_text())
    classes = {node.name: _names(node.body) for node in tree.body if isinstance(node, ast.ClassDef)}
    return {"": _names(tree.body), **classes}


def _names(nodes):
    named = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
    named |= {node.target.id: None for node in nodes if isinstance(node, ast.AnnAssign)}
    return {name: node for name, node in named.items() if name[0] != "_" or name == "__init__"}


def stubs(name):
    """Return the description of CircuitPython's stubs of a module."""
    [folder] = importlib.util.find_spec(f"{name}-stubs").submodule_search_locations
    return described(Path(folder, "__init__.pyi"))


def parameters(node):
    """Return a function's parameters as (name, default), positional ones first."""
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + arguments.defaults
    named = (
        list(zip(plain, defaults, strict=True)),
        list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)),
    )
    return [[(a.arg, default and ast.unparse(default)) for a, default in kind] for kind in named]


@pytest.fixture
def modules():
    with fresh_modules(VIRTUAL / "modules", VIRTUAL):
        yield


@pytest.mark.parametrize("name", [*MODULES, "circuit_hashlib"])
def test_virtual_modules_have_signatures_of_stubs(name):
    ours, compared = described(VIRTUAL / "modules" / f"{name}.py"), 0
    expected = stubs(name.removeprefix("circuit_"))
    for place, names in ours.items():
        for thing, node in names.items():
            assert thing in expected[place], (place, thing)
            # An attribute of the stubs may be a property here.
            if expected[place][thing] is not None:
                assert parameters(node) == parameters(expected[place][thing]), (place, thing)
            compared += 1
    assert compared >= 1


def test_virtual_board_has_pins_beyond_stubs(modules):
    import board

    assert {"A0", "SCL", "SDA"} <= set(dir(board)) - set(stubs("board")[""])


def test_circuit_button_is_held_at_its_level(modules, tmp_path, monkeypatch):
    from spikert.hardware import button_circuit

    monkeypatch.chdir(tmp_path)
    assert [button_circuit.pressed("A0", level) for level in (0, 1)] == [False, False]
    (tmp_path / "hardware.json").write_text('{"digital": {"A0": 0, "A1": 1}}')
    for pin, wired in (("A0", 0), ("A1", 1)):
        held = [button_circuit.pressed(pin, level) for level in (0, 1)]
        assert held == [wired == 0, wired == 1]


@pytest.mark.parametrize("pin", ["NOPE", "board_id", 3])
def test_circuit_button_at_missing_pin_is_refused(modules, pin):
    from spikert.hardware import button_circuit

    with pytest.raises(ValueError, match="no pin"):
        button_circuit.pressed(pin, 0)


def test_virtual_bus_needs_lock_and_free_pins(modules, tmp_path, monkeypatch):
    import board
    import busio

    monkeypatch.chdir(tmp_path)
    bus, buffer = board.I2C(), bytearray(1)
    assert bus is board.I2C()
    with pytest.raises(RuntimeError, match="requires lock"):
        bus.writeto_then_readfrom(0x68, b"\x75", buffer)
    assert (bus.try_lock(), bus.try_lock()) == (True, False)
    bus.writeto_then_readfrom(0x68, b"\x75", buffer)
    assert (buffer, bus.scan(), bus.probe(0x69)) == (b"\x68", [0x68], False)
    with pytest.raises(ValueError, match="SCL in use"):
        busio.I2C(board.SCL, board.SDA)
    bus.deinit()
    with pytest.raises(ValueError, match="deinitialized"):
        bus.try_lock()
    assert board.I2C() is not bus
    with pytest.raises(TypeError, match="cannot create 'Pin' instances"):
        type(board.A0)()
