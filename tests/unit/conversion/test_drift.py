"""Drift measures the changes of a conversion, and names the place of the worst one."""

import json
from dataclasses import replace

import nir
import numpy as np
import pytest

from spikelet.cli import pictures
from spikelet.conversion import convert, drift
from spikelet.errors import SpikeletError
from spikelet.graphs import file
from spikelet.networks.float_network import FloatLayer, FloatNetwork


def layer(weights, theta=127.0, beta=0.5, bias=0.5) -> FloatLayer:
    weights = np.array(weights, float)
    ones = np.ones(weights.shape[1])
    rest = np.zeros(weights.shape[1])
    return FloatLayer(
        weights,
        bias * ones,
        beta * ones,
        None if theta is None else theta * ones,
        "subtract",
        rest,
        rest,
    )


def network(*layers) -> FloatNetwork:
    classes = tuple(str(j) for j in range(layers[-1].neurons))
    return FloatNetwork(layers, "rate", 6, "last", classes)


@pytest.fixture
def exact():
    """Return a network that converts exactly: whole weights, the bias half a unit higher."""
    return network(layer([[127, -60], [40, 127]]), layer([[127, 12], [-50, 100]], theta=None))


@pytest.fixture
def x():
    return np.random.default_rng(0).integers(0, 256, (40, 2)).astype(np.uint8)


def test_drift_exact_parameters_are_graded_exact(exact, x):
    integers, reports = convert.convert_network(exact)
    measured = drift.measure_drift(exact, integers, reports, x)
    for layer_drift in measured.layers:
        assert [grade.parameter for grade in layer_drift.grades if not grade.exact] == ["bias"]
        assert {str(grade) for grade in layer_drift.grades} >= {"weights: exact", "leak: exact"}
    assert (measured.samples, measured.class_agreement) == (40, 1.0)


def test_drift_changed_weight_shows_in_its_neuron(exact, x):
    integers, reports = convert.convert_network(exact)
    before = drift.measure_drift(exact, integers, reports, x).layers[0]
    integers.layers[0].weights[0, 1] = 127
    after = drift.measure_drift(exact, integers, reports, x).layers[0]
    assert after.worst == 1
    assert after.worst_agreement < before.worst_agreement
    assert after.agreement < before.agreement
    assert after.overlap < before.overlap
    assert after.rate_ratio > before.rate_ratio
    np.testing.assert_array_equal(after.float_rates, before.float_rates)
    assert after.integer_rates[1] > before.integer_rates[1]
    weights = after.grades[0]
    assert (weights.parameter, weights.error) == ("weights", 187)


def test_drift_errors_equal_rounding_errors(x):
    rough = network(layer([[100.3, -60.2], [40.1, 127]], theta=99.6, beta=0.9, bias=0))
    integers, reports = convert.convert_network(rough)
    errors = {
        g.parameter: g.error
        for g in drift.measure_drift(rough, integers, reports, x).layers[0].grades
    }
    assert errors["weights"] == pytest.approx(0.3)
    assert errors["threshold"] == pytest.approx(0.4)
    # The nearest leak with d below 256.
    assert errors["leak"] == pytest.approx(205 / 2048 - 0.1)
    assert errors["v_start"] == 0


def test_drift_grades_rho_only_if_not_theta(x):
    first = layer([[100.0, -60], [40, 127]], theta=99.6, bias=0)
    rough = network(replace(first, rho=np.array([130.3, 99.6])))
    integers, reports = convert.convert_network(rough)
    grades = drift.measure_drift(rough, integers, reports, x).layers[0].grades
    errors = {grade.parameter: grade.error for grade in grades}
    assert errors["reset"] == pytest.approx(0.4)
    for alike in (first, replace(first, rho=first.theta)):
        grades = drift.grades(alike, integers.layers[0], reports[0].scale)
        assert "reset" not in [grade.parameter for grade in grades]


def test_drift_grades_recurrent_weights_and_currents(x):
    first = layer([[100.0, -60], [40, 127]], theta=99.6, beta=0.75, bias=0)
    recurrent = np.array([[10.3, -20], [0, 50.0]])
    rough = network(replace(first, recurrent=recurrent, alpha=np.full(2, 0.9)))
    integers, reports = convert.convert_network(rough)
    grades = drift.measure_drift(rough, integers, reports, x).layers[0].grades
    errors = {grade.parameter: (grade.error, grade.unit) for grade in grades}
    converted = integers.layers[0]
    whole = converted.recurrent.astype(int) << converted.gain
    expected = np.abs(whole - recurrent * reports[0].scale).max()
    assert 0 < expected <= 2**converted.gain / 2
    assert errors["recurrent weights"] == (pytest.approx(expected), "membrane units")
    # The nearest leak with d below 256.
    d = round(0.1 * 2**11)
    assert errors["current leak"] == (pytest.approx(abs(d / 2**11 - 0.1)), "of I per step")
    assert errors["leak"][0] == 0


def test_drift_silent_layer_has_membrane_error(exact, x):
    integers, reports = convert.convert_network(exact)
    last = drift.measure_drift(exact, integers, reports, x).layers[-1]
    assert (last.agreement, last.overlap, last.rate_ratio) == (1.0, 1.0, None)
    assert 0 <= last.membrane_error < 0.1
    integers.layers[1].weights[:] = 0
    assert drift.measure_drift(exact, integers, reports, x).layers[-1].membrane_error > 0.5


def test_write_spikes_is_read_by_nir(exact, x, tmp_path):
    integers, _ = convert.convert_network(exact)
    trace = integers.simulate(x)
    drift.write_spikes(tmp_path / "spikes.nir", trace, 1e-3)
    read = nir.read_data(tmp_path / "spikes.nir").nodes
    assert sorted(read) == ["neurons_0", "neurons_1"]
    spikes = read["neurons_0"].observables["spikes"]
    np.testing.assert_array_equal(spikes.data, trace.spikes[0] > 0)
    assert spikes.dt == 1e-3


def test_drift_picture_is_a_png(exact, x, tmp_path):
    integers, reports = convert.convert_network(exact)
    measured = drift.measure_drift(exact, integers, reports, x)
    pictures.drift(tmp_path / "drift.png", measured)
    assert (tmp_path / "drift.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(SpikeletError, match=r"drift\.xyz: its ending names no format"):
        pictures.drift(tmp_path / "drift.xyz", measured)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drift.png"]


def test_convert_report_prints_drift(exact, spikelet, tmp_path):
    graph, lif = tmp_path / "net.nir", tmp_path / "net.lif"
    file.write_graph(exact, graph)
    status, out, _ = spikelet("convert", graph, "-o", lif, "--report", tmp_path / "drift.png")
    assert status == 0
    assert "floats and integers give the same class for 100.00% of 100 samples" in out
    assert "layer 0: weights: exact; bias: approximated, within 0.5 membrane units" in out
    assert (tmp_path / "drift.png").exists()
    spikes = tmp_path / "spikes.nir"
    status, out, _ = spikelet("convert", graph, "-o", lif, "--report", "--json", "--spikes", spikes)
    report = json.loads(out)["drift"]
    assert (status, report["class_agreement"], len(report["layers"])) == (0, 1.0, 2)
    assert set(nir.read_data(spikes).nodes) == {"neurons_0", "neurons_1"}
    status, _, err = spikelet("convert", graph, "-o", lif, "--report", tmp_path / "none" / "x.png")
    assert status == 1
    assert "no folder that you can write to" in err
