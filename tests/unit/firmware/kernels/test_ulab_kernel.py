"""The kernel on ulab adds exactly and leaves little garbage, on every interpreter."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikelet.networks.layer import Layer
from spikelet.networks.lif_file import save_network
from spikelet.networks.network import Network

ROOT = Path(__file__).resolve().parents[4]
FIRMWARE = ROOT / "firmware"
STANDIN = ROOT / "host/spikelet/boards/virtual/modules"
SCRIPT = ROOT / "tests/interpreters/layers.py"

INTERPRETERS = [
    "python",
    pytest.param("micropython-ulab", marks=pytest.mark.ulab),
    pytest.param("circuitpython", marks=pytest.mark.ulab),
]
# Numbers of active inputs.
COUNTS = (0, 1, 2, 3, 15, 16, 17, 255, 256, 257, 258)
INPUTS = max(COUNTS)


def _interpreter(name):
    if name == "python":
        return sys.executable
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} on PATH")
    return path


def _output(name, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(STANDIN)}
    command = [_interpreter(name), *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert run.stderr == ""
    return run.stdout.splitlines()


def _layer(rng, bits, neurons, **changes):
    """Return a layer with weights of `bits` bits whose neurons differ in all parameters."""
    half = 1 << (bits - 1)
    layer = {
        "weights": rng.integers(-half, half, (INPUTS, neurons)).astype(np.int8),
        "theta": rng.integers(100, 400, neurons),
        "rho": rng.integers(100, 400, neurons),
        "gain": 0,
        "bias": rng.integers(-40, 40, neurons),
        "d": np.array([32]),
        "r": 8,
        "low": None,
        "v_reset": np.array([0]),
        "reset": "subtract",
        "v_start": np.array([5]),
        "recurrent": None,
        "current_d": None,
        "current_r": 8,
    }
    return Layer(**{**layer, **changes})


def _save(layer, path):
    save_network(
        Network(
            encoder="rate",
            steps=len(COUNTS),
            readout="count",
            classes=tuple(map(str, range(layer.neurons))),
            layers=[layer],
            source_sha256=bytes(32),
            scaling=None,
            encoder_parameter=0,
        ),
        path,
    )


def _expected(layer, signals):
    """Return each step's spikes and membranes, by the equations on int64."""
    v = np.zeros(layer.neurons, np.int64) + layer.v_start
    current = np.zeros(layer.neurons, np.int64)
    fired = np.zeros(layer.neurons, bool)
    for shift, events in signals:
        sums = layer.weights.astype(np.int64)[events].sum(0) >> shift
        if layer.recurrent is not None:
            sums += layer.recurrent.astype(np.int64)[fired].sum(0)
        drive = (sums << layer.gain) + layer.bias
        v = v - ((v * layer.d) >> layer.r)
        if layer.current_d is not None:
            current = current - ((current * layer.current_d) >> layer.current_r) + drive
            drive = current
        v = v + drive
        if layer.low is not None:
            v = np.maximum(v, layer.low)
        fired = v >= layer.theta
        v = np.where(fired, layer.v_reset if layer.reset == "set" else v - layer.rho, v)
        assert np.abs([v, current]).max() < 1 << 15
        yield f"{np.flatnonzero(fired).tolist()} {list(v.astype('<i2').tobytes())}"


def _signals(rng, shift=0):
    orders = [rng.permutation(INPUTS)[:count].tolist() for count in COUNTS]
    return [(shift, events) for events in orders]


def _script(signals):
    words = [["step", shift, *events] for shift, events in signals]
    return "start\n" + "\n".join(" ".join(map(str, line)) for line in words)


CASES = [
    *[pytest.param(bits, 37, {}, 0, id=f"{bits} bits") for bits in (4, 5, 6, 7, 8)],
    *[pytest.param(7, neurons, {}, 0, id=f"{neurons} neurons") for neurons in (1, 2, 3, 129)],
    pytest.param(8, 37, {"pairs": True}, 0, id="pairs"),
    pytest.param(8, 37, {"bias": np.array([-3])}, 0, id="one bias"),
    pytest.param(5, 37, {"gain": 2}, 0, id="gain"),
    pytest.param(8, 37, {}, 3, id="shift"),
    pytest.param(6, 37, {"gain": 1, "bias": np.array([9])}, 2, id="gain and shift"),
    pytest.param(7, 37, {"d": np.array([205]), "r": 11}, 0, id="leak that is no shift"),
    pytest.param(7, 37, {"d": np.arange(37) * 6, "r": 8}, 0, id="leak of each neuron"),
    pytest.param(7, 37, {"d": np.array([0])}, 0, id="no leak"),
    pytest.param(6, 37, {"current_d": np.array([77]), "current_r": 9}, 0, id="current"),
    pytest.param(8, 37, {"low": np.arange(37) * -9}, 0, id="floor"),
    pytest.param(8, 37, {"reset": "set", "v_reset": np.arange(37) - 20}, 0, id="set"),
]


@pytest.mark.parametrize(("bits", "neurons", "changes", "shift"), CASES)
@pytest.mark.parametrize("name", INTERPRETERS)
def test_ulab_step_adds_any_number_of_inputs_exactly(
    name, bits, neurons, changes, shift, firmware, tmp_path
):
    rng = np.random.default_rng(bits * 1000 + neurons)
    layer, signals = _layer(rng, bits, neurons, **changes), _signals(rng, shift)
    _save(layer, tmp_path / "net.lif")
    (tmp_path / "signals").write_text(_script(signals))
    output = _output(
        name, firmware / "layers.py", firmware, "ulab", tmp_path / "net.lif", tmp_path / "signals"
    )
    assert output == list(_expected(layer, signals))


@pytest.mark.parametrize("name", INTERPRETERS)
def test_ulab_recurrent_step_adds_own_spikes_exactly(name, firmware, tmp_path):
    rng = np.random.default_rng(3)
    own = rng.integers(-60, 60, (21, 21)).astype(np.int8)
    layer, signals = _layer(rng, 8, 21, recurrent=own, gain=1), _signals(rng, 1)
    _save(layer, tmp_path / "net.lif")
    (tmp_path / "signals").write_text(_script(signals))
    output = _output(
        name, firmware / "layers.py", firmware, "ulab", tmp_path / "net.lif", tmp_path / "signals"
    )
    assert output == list(_expected(layer, signals))


TWO_LAYERS = """
import sys
from array import array
sys.path.insert(0, sys.argv[1])
from spikert import kernels
from spikert.network import tables
table = tables.load(sys.argv[2]).layers[0]
ulab = kernels.load("ulab")
alone, first, second = [ulab.Layer(table) for _ in range(3)]
events = array("H", range(40))
for count in (40, 3, 0, 17):
    for layer in (alone, first):
        layer.step(events, count, 0)
    second.step(events, 40 - count, 0)
    print(bytes(alone.membranes()) == bytes(first.membranes()), alone.v[2] == first.v[2])
    print(list(alone.events) == list(first.events))
"""


@pytest.mark.parametrize("name", INTERPRETERS)
def test_ulab_layers_share_scratch_memory_but_no_state(name, firmware, tmp_path):
    low, set_ = np.full(12, -50), np.arange(12)
    changes = {"low": low, "reset": "set", "v_reset": set_, "d": np.arange(12), "r": 9}
    _save(_layer(np.random.default_rng(5), 8, 12, **changes), tmp_path / "net.lif")
    (tmp_path / "two.py").write_text(TWO_LAYERS)
    output = _output(name, tmp_path / "two.py", firmware, tmp_path / "net.lif")
    assert output == ["True True", "True"] * 4


ALLOCATING = """
import gc, sys
from array import array
sys.path.insert(0, sys.argv[1])
from spikert import kernels
from spikert.network import tables
layer = kernels.load("ulab").Layer(tables.load(sys.argv[2]).layers[0])
events = array("H", range(256))
def left_behind(count):
    layer.step(events, count, 0)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    layer.step(events, count, 0)
    after = gc.mem_alloc()
    gc.enable()
    return after - before, len(layer.events)
for count in (0, 32, 64):
    print(*left_behind(count))
"""
# Bytes, the least that a 64-bit MicroPython allocates.
BLOCK = 32


@pytest.mark.ulab
def test_ulab_step_leaves_little_garbage(firmware, tmp_path):
    """An operation takes three blocks; each input adds one, and the others are few."""
    layer = _layer(np.random.default_rng(5), 8, 64, theta=np.array([32_000]))
    _save(layer, tmp_path / "net.lif")
    (tmp_path / "steady.py").write_text(ALLOCATING)
    output = _output("micropython-ulab", tmp_path / "steady.py", firmware, tmp_path / "net.lif")
    (silent, _), (some, _), (more, fired) = [map(int, line.split()) for line in output]
    assert fired == 0
    assert silent <= 32 * BLOCK
    # The second term is the copy of the list of inputs.
    assert (more - some) == 32 * 3 * BLOCK + 32 * 2
