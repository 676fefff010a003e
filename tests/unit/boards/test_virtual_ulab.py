"""Test that the virtual ulab returns ulab's results and refuses other operations."""

import binascii
import importlib
import importlib.util
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STANDIN = ROOT / "host/spikelet/boards/virtual/modules"
SCRIPT = ROOT / "tests/interpreters/ulab_semantics.py"

SAME, VERSION, CORE, WIDTH, HAZARDS = "SAME", "VERSION", "CORE", "WIDTH", "HAZARDS"

# Column of each row with the result of an interpreter; column 0 is the operation.
STANDIN_COLUMNS = {SAME: 1, VERSION: 1, CORE: 1, WIDTH: 1}
ULAB_COLUMNS = {
    "micropython-ulab": {SAME: 1, VERSION: 2, CORE: 2, WIDTH: 2, HAZARDS: 1},
    "circuitpython": {SAME: 1, VERSION: 1, CORE: 1, WIDTH: 2, HAZARDS: 1},
}
ULAB_TABLES = [(name, table) for name in ULAB_COLUMNS for table in ULAB_COLUMNS[name]]


def _tables():
    spec = importlib.util.spec_from_file_location("ulab_semantics", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _expected(table, column):
    return [f"{row[0]} -> {row[column]}" for row in getattr(_tables(), table)]


def _answers(interpreter, table):
    command = [interpreter, str(SCRIPT)] + ([] if table == SAME else [table])
    environment = {**os.environ, "PYTHONPATH": str(STANDIN)}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.parametrize(("table", "column"), STANDIN_COLUMNS.items())
def test_virtual_ulab_returns_listed_results(table, column):
    assert _answers(sys.executable, table) == _expected(table, column)


def test_virtual_ulab_refuses_hazards():
    answered = [line for line in _answers(sys.executable, HAZARDS) if not line.endswith("Error")]
    assert answered == []


@pytest.mark.ulab
@pytest.mark.parametrize(("name", "table"), ULAB_TABLES)
def test_real_ulab_returns_listed_results(name, table):
    interpreter = shutil.which(name)
    if interpreter is None:
        pytest.skip(f"no {name} on PATH")
    answers = _answers(interpreter, table)
    assert answers == _expected(table, ULAB_COLUMNS[name][table])
    if STANDIN_COLUMNS.get(table) == ULAB_COLUMNS[name][table]:
        assert answers == _answers(sys.executable, table)


def _forget():
    for name in [n for n in sys.modules if n in ("ulab", "micropython") or n[:5] == "ulab."]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def np():
    """Return ulab.numpy with the path of the virtual board."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(STANDIN))
        _forget()
        yield importlib.import_module("ulab").numpy
        _forget()


@pytest.fixture
def v(np):
    """Return int16 [1, 2, 3, 4]."""
    return np.array([1, 2, 3, 4], dtype=np.int16)


# Operations that no test can run on ulab, because the process would die or memory would be lost.


def test_virtual_ulab_division_by_zero_is_error(np, v):
    with pytest.raises(ZeroDivisionError):
        v // 0
    with pytest.raises(ZeroDivisionError):
        np.array([8], dtype=np.uint8) // np.array([0], dtype=np.uint8)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16"])
def test_virtual_ulab_refuses_abs_of_unsigned(np, dtype):
    with pytest.raises(NotImplementedError):
        abs(np.zeros(3, dtype=getattr(np, dtype)))


@pytest.mark.parametrize("count", [-1, 32])
def test_virtual_ulab_refuses_undefined_shifts(np, v, count):
    with pytest.raises(NotImplementedError):
        np.right_shift(v, count)
    with pytest.raises(NotImplementedError):
        np.left_shift(v, np.array([count], dtype=np.int8))


def test_virtual_ulab_refuses_operations_on_empty_arrays(np, v):
    empty = v[4:]
    for operate in (np.maximum, np.minimum, np.right_shift, np.bitwise_and, np.equal):
        with pytest.raises(NotImplementedError):
            operate(empty, 1)
    with pytest.raises(NotImplementedError):
        empty // 2
    with pytest.raises(NotImplementedError):
        np.nonzero(empty)


def test_virtual_ulab_refuses_mask_of_other_length(np, v):
    mask = np.array([1, 0, 1], dtype=np.bool)
    with pytest.raises(ValueError, match="length"):
        v[mask] = 0


# Memory


def test_frombuffer_shares_memory(np):
    memory = bytearray(8)
    np.frombuffer(memory, dtype=np.int16, count=1, offset=2)[0] = -2
    assert memory == b"\x00\x00\xfe\xff\x00\x00\x00\x00"


def test_frombuffer_on_bytes_is_read_only(np):
    row = np.frombuffer(b"\x01\x02", dtype=np.int8)
    with pytest.raises(ValueError, match="read-only"):
        row += 1
    with pytest.raises(ValueError, match="read-only"):
        row[0] = 1
    with pytest.raises(TypeError):
        row.tobytes()[0] = 1


def test_frombuffer_refuses_unaligned_memory(np):
    with pytest.raises(NotImplementedError, match="aligned"):
        np.frombuffer(memoryview(bytes(9))[1:], dtype=np.int16)


def test_tobytes_shares_memory(np, v):
    lent = v.tobytes()
    struct.pack_into("<h", lent, 2, -2)
    memoryview(lent)[0] = 9
    lent[4:6] = b"\x05\x00"
    assert v.tolist() == [9, -2, 5, 4]
    assert bytes(lent) == b"\x09\x00\xfe\xff\x05\x00\x04\x00" == lent + b""
    assert lent == bytes(lent)
    assert binascii.crc32(lent) == binascii.crc32(bytes(lent))
    assert lent.find(b"\x05") == 4
    assert lent.hex() == "0900feff05000400"
    assert 9 in lent
    assert b"\x05\x00\x04" in lent
    assert b"\x06" not in lent


@pytest.mark.parametrize("name", ["append", "extend", "sum", "shape", "view", "T", "tolist"])
def test_tobytes_has_no_array_methods(v, name):
    with pytest.raises(AttributeError):
        getattr(v.tobytes(), name)


@pytest.mark.parametrize("expression", ["x * 2", "x - 1", "-x", "x < 3", "1 + x", "x[0] + x"])
def test_tobytes_has_no_arithmetic(v, expression):
    with pytest.raises(TypeError):
        eval(expression, {"x": v.tobytes()})


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes lend out memory since Python 3.12")
def test_array_has_buffer_interface(np, v):
    memoryview(v)[0] = 9
    struct.pack_into("<h", v, 2, -2)
    assert v.tolist() == [9, -2, 3, 4]
    assert bytearray(v) == v.tobytes()
    assert memoryview(v > 2)[2] == 1
    with pytest.raises(TypeError):
        memoryview(v[::2])


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="classes lend out memory since Python 3.12")
def test_array_without_buffer_interface_is_no_iterable(v):
    with pytest.raises(TypeError):
        memoryview(v)
    with pytest.raises(NotImplementedError):
        bytearray(v)


# 32-bit floats


def test_sum_inexact_in_32_bits_is_error(np):
    # An odd sum beyond 2**24 has no exact 32-bit float.
    with pytest.raises(NotImplementedError, match=str(513 * 32767)):
        np.sum(np.full(513, 32767, dtype=np.int16))
    assert np.sum(np.full(512, 32767, dtype=np.int16)) == 512 * 32767


def test_sum_of_floats_along_only_axis_is_error(np):
    with pytest.raises(NotImplementedError):
        np.sum(np.array([1.5, 2.5]), axis=0)


def test_dot_sums_from_the_left(np):
    ones = np.ones(3)
    assert np.dot(np.array([1, 16777216, -16777216]), ones) == 0.0
    assert np.dot(np.array([16777216, -16777216, 1]), ones) == 1.0


# No names of numpy, and no abilities of CPython


# Names of 6.5.3, read from its numpy.c, ulab.c and ndarray_properties.c.
FUNCTIONS = """all any arange argmax argmin array asarray bitwise_and bitwise_or bitwise_xor clip
    compress concatenate dot empty equal frombuffer full left_shift max maximum mean median min
    minimum nonzero not_equal ones right_shift size sort sum where zeros"""
TYPES = "bool float int16 int8 ndarray uint16 uint8"
METHODS = "T copy dtype flatten itemsize reshape shape size sort strides tobytes tolist transpose"


def test_virtual_ulab_has_names_of_ulab(np):
    assert {name for name in dir(np) if name[0] != "_"} == {*FUNCTIONS.split(), *TYPES.split()}
    assert {name for name in dir(np.ndarray) if name[0] != "_"} == set(METHODS.split())


@pytest.mark.parametrize("comparison", ["5 < v", "5 <= v", "5 > v", "5 >= v", "0 < v < 9"])
def test_number_compared_with_array_on_right_is_error(v, comparison):
    with pytest.raises(TypeError, match="left of an array"):
        eval(comparison, {"v": v})


def test_comparison_direction_is_checked_at_each_line(v):
    for _ in range(2):
        assert (v > 2).tolist() == [False, False, True, True]
        with pytest.raises(TypeError):
            2 < v  # noqa: B015, SIM300


def test_array_items_are_python_numbers(np, v):
    assert [type(x) for x in (v[0], np.zeros(1)[0], (v > 1)[0])] == [int, float, bool]
    assert {type(x) for x in v} == {int}


def test_array_iteration_sees_later_stores(v):
    values = []
    for value in v:
        values.append(value)
        v[3] = 9
    assert values == [1, 2, 3, 9]


def test_array_repr(np, v):
    assert repr(v) == "array([1, 2, 3, 4], dtype=int16)"
    assert repr(v > 2) == "array([False, False, True, True], dtype=bool)"
    assert repr(np.zeros((2, 2))) == "array([[0.0, 0.0],\n       [0.0, 0.0]], dtype=float32)"
    assert repr(np.arange(20)) == "array([0, 1, 2, ..., 17, 18, 19], dtype=int16)"


def test_virtual_micropython_has_no_emitters(np):
    micropython = importlib.import_module("micropython")
    assert micropython.const(5) == 5
    for name in ("native", "viper", "asm_thumb"):
        assert not hasattr(micropython, name)
    assert importlib.util.find_spec("uctypes") is None
