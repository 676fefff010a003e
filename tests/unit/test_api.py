"""The library: the public functions of Spikelet, without a board."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from random_networks import random_network

import spikelet
from spikelet import SpikeletError, api

PUBLIC = set(spikelet.__all__)


@pytest.fixture(scope="module")
def blobs():
    """Return x uint8[120, 9] and y int64[120] of three classes that are easy to tell apart."""
    random = np.random.default_rng(0)
    y = np.arange(120) % 3
    near = random.integers(40, 216, (3, 9))[y] + random.normal(0, 15, (120, 9))
    return near.clip(0, 255).astype(np.uint8), y


@pytest.fixture(scope="module")
def network(blobs):
    """Return a network that was trained on the blobs."""
    return spikelet.train(*blobs, hidden=8, epochs=30)


def test_dir_shows_public_names_only():
    assert set(dir(spikelet)) == PUBLIC | {"__version__"}


def test_every_public_name_has_a_docstring():
    for name in PUBLIC:
        assert getattr(spikelet, name).__doc__, name


def test_import_alone_brings_no_numpy():
    code = "import spikelet, sys; spikelet.SpikeletError; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_library_uses_neither_argparse_nor_console():
    tree = ast.parse(Path(api.__file__).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None), *(alias.name for alias in node.names))
    }
    assert not imported & {"argparse", "spikelet.output", "spikelet.cli", "Output"}
    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "print"
    ]


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'tarin'"):
        spikelet.tarin  # noqa: B018


def test_train_convert_simulate(blobs, network):
    x, y = blobs
    table, report = spikelet.convert(network)
    assert table.inputs == 9
    assert report.bits == 8
    low, high = report.reach
    assert -0x8000 <= low < high <= 0x7FFF
    trace = spikelet.simulate(table, x)
    assert (trace.answers == y).mean() > 0.8


def test_train_takes_class_names_as_labels(blobs):
    x, y = blobs
    names = np.array(["wave", "circle", "rest"])[y]
    network = spikelet.train(x, names, hidden=8, epochs=2)
    assert network.classes == ("circle", "rest", "wave")


def test_train_on_raw_readings_adds_scaling():
    random = np.random.default_rng(1)
    y = np.arange(30) % 2
    x = (random.normal(0, 50, (30, 20, 2)) + 900 * y[:, None, None]).astype(np.int16)
    options = {"encoder": "delta", "steps": 1, "epochs": 2}
    network = spikelet.train(x, y, hidden=8, hop=10, **options)
    assert network.scaling is not None
    table, _ = spikelet.convert(network)
    assert spikelet.simulate(table, x).answers.shape == (30, 2)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("digits", [1]), {}, "digits brings its own labels"),
        ((np.zeros((4, 2), np.uint8), [0.5] * 4), {}, "y is float64; it must be integers or names"),
        (
            (np.zeros((4, 2), np.uint8), [0, 1, 0, 1]),
            {"hiden": 3},
            "hiden is no option of training",
        ),
        ((np.zeros((4, 2)), [0, 1, 0, 1]), {}, "x is float64 from 0 to 0; it must be uint8"),
    ],
)
def test_train_bad_input_is_one_sentence(arguments, options, message):
    with pytest.raises(SpikeletError, match=message):
        spikelet.train(*arguments, **options)


def test_train_unknown_label_names_the_classes(blobs):
    with pytest.raises(SpikeletError, match="y holds 'c'; the classes are a, b"):
        spikelet.train(blobs[0][:3], ["a", "b", "c"], classes=("a", "b"))


def test_networks_are_equal_when_their_values_are(network):
    table, again = spikelet.convert(network)[0], spikelet.convert(network)[0]
    assert table == again
    again.layers[0].weights[0, 0] += 1
    assert table != again
    assert network == spikelet.convert.__globals__["FloatNetwork"](**vars(network))
    assert table != network


def test_save_and_load_return_equal_networks(network, tmp_path):
    table, _ = spikelet.convert(network)
    spikelet.save(table, tmp_path / "net.lif")
    spikelet.save(network, tmp_path / "net.nir")
    assert spikelet.load(tmp_path / "net.lif") == table
    assert spikelet.load(tmp_path / "net.nir") == network
    with pytest.raises(SpikeletError, match="must end with .lif"):
        spikelet.save(table, tmp_path / "other.nir")
    assert not (tmp_path / "other.nir").exists()


def test_repr_is_one_line(network):
    table, report = spikelet.convert(network)
    assert repr(table) == "Network(9-8-3, encoder direct, 4 steps, readout max, 3 classes)"
    for value in (network, report, spikelet.Board("virtual")):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 160


def test_html_escapes_the_names_of_classes():
    network = random_network(1)
    assert "<table>" in network._repr_html_()
    assert "<script>" not in network._repr_html_()


def test_plot_draws_a_panel_per_layer(network, blobs):
    table, _ = spikelet.convert(network)
    trace = table.simulate(blobs[0][:2])
    assert len(trace.plot(1).axes) == 2
    with pytest.raises(SpikeletError, match=r"sample is 2; it must be in 0..1"):
        trace.plot(2)


def test_unknown_port_is_one_sentence():
    with pytest.raises(SpikeletError, match="no board has the serial number 1234"):
        spikelet.Board("id:1234")
