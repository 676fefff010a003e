"""Test the limits of viper's loops: weight storages, numbers of spikes, widths."""

from dataclasses import replace

import numpy as np
import pytest
from boards_under_test import BOARDS, marks, opened
from thorough import quick

from spikelet.flashing import stage
from spikelet.flashing.runtime import bytecode
from spikelet.link import verify
from spikelet.link.link import Link
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

INPUTS = 259
ACTIVE = (0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 255, 256, 257, 258)
WIDTHS = (1, 2, 3, 5, 13, 16, 17, 31, 34)
STORAGES = ("4 bits", "5 bits", "6 bits", "7 bits", "8 bits", "pairs")
ENCODERS = ("latency", "phase", "direct")
EACH = [(storage, encoder) for storage in STORAGES for encoder in ENCODERS]
# Every storage with one encoder: all are stepped with shifted events, or held, by turns.
QUICK = [(storage, ENCODERS[number % 3]) for number, storage in enumerate(STORAGES)]
PORTS = [name for name, kernels in BOARDS.items() if "viper" in kernels and name.count(":") < 2]

STEADY = """
import gc
from array import array
from spikert import kernels
from spikert.network import tables
described = tables.load(_paths["network.lif"]).layers
layers = [kernels.load("viper").Layer(table) for table in described]
halves = [(table.inputs // 2, layer) for table, layer in zip(described, layers)]
events = array("H", range(described[0].inputs))
x = bytearray(events[i] & 255 for i in range(len(events)))
def run(times):
    for k in range(times):
        for half, layer in halves:
            layer.hold(x)
            layer.step(None, 0, 0)
            layer.step(events, half, k & 3)
def allocated(times):
    gc.collect()
    before = gc.mem_alloc()
    run(times)
    return gc.mem_alloc() - before
run(2)
print(allocated(500))
"""


@pytest.fixture(params=[pytest.param(name, marks=marks(name)) for name in PORTS])
def board(request):
    """Return one board that has the kernel after the other."""
    return opened(request.param)


def layer(rng, inputs: int, neurons: int, storage: str, **changes) -> Layer:
    """Return a layer whose weights take the bits of their storage, and whose sums are moderate."""
    bits = 8 if storage == "pairs" else int(storage[0])
    most = 1 << bits - 1
    weights = rng.integers(-most, most, (inputs, neurons)).astype(np.int8)
    weights[0, 0] = -most
    theta = rng.integers(1, 200, neurons)
    made = Layer(
        weights=weights,
        theta=theta,
        gain=0,
        bias=rng.integers(-50, 50, neurons),
        d=np.array([32]),
        r=8,
        low=None,
        rho=theta,
        v_reset=np.array([-3]),
        v_start=rng.integers(-100, 100, neurons),
        reset="subtract",
        lanes=True,
        pairs=storage == "pairs",
    )
    return replace(made, **changes)


def network(layers: list[Layer], encoder: str) -> Network:
    """Return a network of three steps that a static sample goes through."""
    return Network(
        encoder=encoder,
        steps=3,
        readout="count",
        classes=tuple(str(j) for j in range(layers[-1].neurons)),
        layers=layers,
        source_sha256=bytes(32),
        encoder_parameter=8 if encoder == "phase" else 1 if encoder == "latency" else 0,
    )


def active(rng) -> np.ndarray:
    """Return uint8[samples, INPUTS] with ACTIVE[sample] values above 0, at random places."""
    x = np.zeros((len(ACTIVE), INPUTS), np.uint8)
    for sample, count in enumerate(ACTIVE):
        x[sample, rng.permutation(INPUTS)[:count]] = 255
    return x


def layers_of_every_width(rng, storage: str) -> list[Layer]:
    """Return a chain of layers of all widths; each layer feeds the next."""
    changes = (
        {},
        {"d": np.array([0])},
        {"d": np.array([77]), "r": 10},
        {"gain": 2, "reset": "set"},
        {"lanes": False},
        {"rho": np.array([20]), "theta": np.array([30])},
        {"low": np.array([-500])},
        {"current_d": np.array([64]), "current_r": 8},
        {"d": np.array([1]), "r": 13},
    )
    widths = (INPUTS, *WIDTHS)
    made = [
        layer(rng, inputs, neurons, storage, **change)
        for inputs, neurons, change in zip(widths[:-1], WIDTHS, changes, strict=True)
    ]
    own = rng.integers(-8, 8, (WIDTHS[4], WIDTHS[4])).astype(np.int8)
    made[4] = replace(made[4], recurrent=own)
    return made


def verified(running, board, made: Network, x: np.ndarray):
    """Return the verification of the samples on the board's viper kernel."""
    with running(board, made, compiled=True) as stream:
        link = Link(stream, board.name, lambda text: None)
        link.hello("viper")
        found = verify.verify(link, made, x)
        link.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("storage", "encoder"), quick(EACH, QUICK))
def test_any_number_of_spikes_any_width_any_storage(running, board, storage, encoder):
    rng = np.random.default_rng([STORAGES.index(storage), len(encoder)])
    made = network(layers_of_every_width(rng, storage), encoder)
    found = verified(running, board, made, active(rng))
    assert found.first is None, f"{board.name}: {found.first}"
    assert found.passed
    assert found.samples == len(ACTIVE)


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["8 bits", "pairs"])
def test_sums_may_be_as_large_as_int16(running, board, storage):
    rng = np.random.default_rng(7)
    weights = np.full((INPUTS, 6), 126, np.int8)
    weights[:, 3:] = -126
    large = {"bias": np.array([0]), "theta": np.array([30_000]), "rho": np.array([30_000])}
    extreme = layer(rng, INPUTS, 6, storage, weights=weights, lanes=False, **large)
    positive = layer(rng, INPUTS, 6, storage, weights=abs(weights), **large)
    for made in (extreme, positive):
        # One step, because the proof adds the sums of all steps.
        short = replace(network([made], "latency"), steps=1)
        found = verified(running, board, short, active(rng))
        assert found.first is None, f"{board.name}: {found.first}"
        assert found.passed


@pytest.mark.slow
@pytest.mark.parametrize("storage", quick(STORAGES, ("4 bits", "8 bits", "pairs")))
def test_steps_allocate_nothing(kept_pico, board, storage):
    rng = np.random.default_rng(3)
    made = network(layers_of_every_width(rng, storage)[:6], "direct")
    if board.name == "pico":
        with kept_pico.connect(lif_file.to_bytes(made)) as transport:
            said, errors = transport.exec_raw(STEADY, timeout=120)
    else:
        list(
            stage.install_payload(
                board, {**bytecode.sources(), "network.lif": lif_file.to_bytes(made)}
            )
        )
        with board.connect() as transport:
            script = f"import sys\n{board.prelude}\n{STEADY}"
            said, errors = transport.exec_raw(script, timeout=120)
    assert errors == b""
    assert int(said) == 0
