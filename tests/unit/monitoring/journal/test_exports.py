"""Exports of a journal: the foreign library reads back exactly the recorded spikes."""

import csv
import json
import math
import sys
import tracemalloc

import float_layers
import journals
import nir
import numpy as np
import pytest
from random_networks import random_network
from stream_networks import stream_network

from spikelet.conversion import convert
from spikelet.errors import SpikeletError
from spikelet.graphs import file as nir_graph
from spikelet.monitoring.journal import events as journal_events
from spikelet.monitoring.journal import export
from spikelet.networks import lif_file

NETWORKS = {"static": lambda: random_network(1), "stream": lambda: stream_network(1)}
LOST = (0, 7, 8, 39)


@pytest.fixture(params=NETWORKS)
def recording(request, tmp_path):
    """Return (journal, {number: turn}) of a network, with lost turns and a known rate."""
    network = NETWORKS[request.param]()
    return journals.make(tmp_path / "a.journal", network, lost=LOST, rate=62.5)


def test_npz_has_all_values_without_pickle(recording, tmp_path):
    journal, turns = recording
    (path,) = export.export(journal, tmp_path / "a.npz", "npz")
    with np.load(path, allow_pickle=False) as got:
        assert got["turn"].tolist() == list(turns)
        assert got["lost"].tolist() == list(LOST)
        assert got["answer"].tolist() == [turn.answer for turn in turns.values()]
        assert got["classes"].tolist() == list(journal.network.classes)
        assert (np.diff(got["arrival"]) >= 0).all()
        for k in range(len(journal.network.layers)):
            spikes, membranes = got[f"spikes_{k}"], got[f"membrane_{k}"]
            assert (spikes.dtype, membranes.dtype) == (np.uint8, np.int16)
            assert np.array_equal(spikes, [turn.spikes[k] for turn in turns.values()])
            assert np.array_equal(membranes, [turn.membranes[k] for turn in turns.values()])
        assert np.array_equal(got["readings"], [turn.readings for turn in turns.values()])
        assert got["readings"].dtype == next(iter(turns.values())).readings.dtype
        assert got["status"][:, 1:].tolist() == [[20.0, 1.0, 2.0]]
        assert got["trouble"].tolist() == ["none yet"]
        assert got["log"].tolist() == ["battery low\r\n"]
        assert (got["steps"], got["rate"]) == (journal.network.steps, 62.5)
        assert json.loads(str(got["about"]))["port"] == "virtual"
        assert lif_file.crc(lif_file.from_bytes(got["network"].tobytes())) == lif_file.crc(
            journal.network
        )


def test_npz_without_readings_or_rate(tmp_path):
    journal, _ = journals.make(tmp_path / "a", random_network(1), turns=3, readings=False)
    (path,) = export.export(journal, tmp_path / "a.npz", "npz")
    with np.load(path) as got:
        assert "readings" not in got.files
        assert math.isnan(got["rate"])


def test_npz_of_long_journal_is_written_in_little_memory(tmp_path):
    network = random_network(1)
    journal, turns = journals.make(tmp_path / "a", network, turns=3000)
    size = sum(spikes.size for spikes in turns[0].spikes) * len(turns)
    turns.clear()
    tracemalloc.start()
    try:
        export.export(journal, tmp_path / "a.npz", "npz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 100_000
    assert peak < 3_000_000


def test_csv_has_a_row_per_spike_and_per_answer(recording, tmp_path):
    journal, turns = recording
    paths = export.export(journal, tmp_path / "a.csv", "csv")
    assert [path.name for path in paths] == ["a.csv", "a.answers.csv"]
    rows = list(csv.DictReader(paths[0].open(encoding="utf-8")))
    assert list(rows[0]) == ["step", "seconds", "layer", "neuron"]
    got = [tuple(int(row[name]) for name in ("step", "layer", "neuron")) for row in rows]
    assert got == sorted(journals.spikes(journal.network, turns))
    step = 1 / (62.5 * journal.network.steps)
    for row in rows:
        assert float(row["seconds"]) == pytest.approx(int(row["step"]) * step, rel=1e-8)
    answers = list(csv.DictReader(paths[1].open(encoding="utf-8")))
    assert [int(row["turn"]) for row in answers] == list(turns)
    assert [int(row["answer"]) for row in answers] == [turn.answer for turn in turns.values()]
    assert [row["class"] for row in answers] == [
        journal.network.classes[turn.answer] for turn in turns.values()
    ]
    ends = [(number + 1) * journal.network.turn_steps - 1 for number in turns]
    assert [int(row["step"]) for row in answers] == ends


def test_csv_without_rate_has_no_seconds(tmp_path):
    journal, _ = journals.make(tmp_path / "a", random_network(1), turns=4)
    paths = export.export(journal, tmp_path / "a.csv", "csv")
    assert paths[0].read_text().splitlines()[0] == "step,layer,neuron"
    assert paths[1].read_text().splitlines()[0] == "turn,step,arrival,answer,class"


def dense(network, turns):
    """Return for each layer bool[steps, neurons], the spikes of the whole recording."""
    steps = 40 * network.turn_steps
    arrays = [np.zeros((steps, layer.neurons), bool) for layer in network.layers]
    for step, layer, neuron in journals.spikes(network, turns):
        arrays[layer][step, neuron] = True
    return arrays


@pytest.mark.parametrize("rate", [None, 100.0, 3.0, 44100.0, 1 / 7])
def test_nirdata_spikes_lie_on_the_grid_of_steps(recording, tmp_path, rate):
    journal, turns = recording
    network = journal.network
    (path,) = export.export(journal, tmp_path / "a.h5", "nirdata", rate)
    data = nir.read_data(path)
    step = 1 / ((rate or 62.5) * network.steps)
    assert set(data.nodes) == {"input", *(f"neurons_{k}" for k in range(len(network.layers)))}
    for k, spikes in enumerate(dense(network, turns)):
        observables = data.nodes[f"neurons_{k}"].observables
        events = observables["spikes"]
        assert type(events) is nir.EventData
        assert (events.idx != -1).sum() == spikes.sum()
        grid = events.to_time_gridded(step)
        assert np.array_equal(grid.data, spikes[None])
        membranes = observables["membrane"].to_time_gridded(step).data[0]
        for number, turn in turns.items():
            end = (number + 1) * network.turn_steps - 1
            assert np.array_equal(membranes[end], turn.membranes[k])
    readings = data.nodes["input"].observables["readings"].to_time_gridded(step).data[0]
    for number, turn in turns.items():
        for sample, values in enumerate(turn.readings.reshape(-1, network.channels)):
            at = number * network.turn_steps + sample * network.steps
            assert np.array_equal(readings[at], values)


def test_nirdata_fits_the_source_graph(tmp_path):
    rng = np.random.default_rng(0)
    layers = [float_layers.layer(rng.uniform(-1, 1, shape)) for shape in ((4, 6), (6, 3))]
    graph = float_layers.network(*layers)
    nir_graph.write_graph(graph, tmp_path / "net.nir")
    journal, _ = journals.make(tmp_path / "a", convert.convert_network(graph)[0], turns=5)
    export.export(journal, tmp_path / "a.h5", "nirdata")
    data = nir.read_data(tmp_path / "a.h5")
    data.check_nodes(nir.read(tmp_path / "net.nir"))


def test_export_of_silent_layer_works_in_every_form(tmp_path):
    network = random_network(1)
    journal, turns = journals.make(tmp_path / "a", network, turns=3, rate=10.0, density=0)
    for suffix, form in export.SUFFIXES.items():
        export.export(journal, tmp_path / f"a{suffix}", form)
    data = nir.read_data(tmp_path / "a.h5")
    assert data.nodes["neurons_0"].observables["spikes"].to_time_gridded(1).data.sum() == 0
    assert len(np.load(tmp_path / "a.npy")) == 0
    assert len(turns) == 3


def test_tonic_events_are_the_spikes_without_pickle(recording, tmp_path):
    journal, turns = recording
    (path,) = export.export(journal, tmp_path / "a.npy", "tonic")
    events = np.load(path, allow_pickle=False)
    assert events.dtype == np.dtype([("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])
    step = 1e6 / (62.5 * journal.network.steps)
    expected = {
        (neuron, layer, round(at * step), True)
        for at, layer, neuron in journals.spikes(journal.network, turns)
    }
    assert len(events) == len(expected)
    assert set(map(tuple, events.tolist())) == expected
    assert (np.diff(events["t"]) >= 0).all()


def test_tonic_times_without_rate_are_steps(tmp_path):
    journal, turns = journals.make(tmp_path / "a", random_network(1), turns=9)
    export.export(journal, tmp_path / "a.npy", "tonic")
    events = np.load(tmp_path / "a.npy")
    got = {(t, y, x) for x, y, t, _ in events.tolist()}
    assert got == journals.spikes(journal.network, turns)


def test_neo_reads_back_a_train_per_neuron(recording, tmp_path):
    neo = pytest.importorskip("neo")
    pytest.importorskip("nixio")
    journal, turns = recording
    network = journal.network
    (path,) = export.export(journal, tmp_path / "a.nix", "neo")
    with neo.NixIO(str(path), "ro") as file:
        segment = file.read_block().segments[0]
    assert len(segment.spiketrains) == sum(layer.neurons for layer in network.layers)
    step = 1 / (62.5 * network.steps)
    got = set()
    for train in segment.spiketrains:
        assert train.t_stop.rescale("s").item() == pytest.approx(40 * network.turn_steps * step)
        where = int(train.annotations["layer"]), int(train.annotations["neuron"])
        times = train.times.rescale("s").magnitude
        assert train.name == f"layer {where[0]} neuron {where[1]}"
        got |= {(math.floor(time / step), *where) for time in times}
    assert got == journals.spikes(network, turns)
    (answers,) = segment.events
    assert list(answers.labels) == [network.classes[turn.answer] for turn in turns.values()]
    ends = [(number + 1) * network.turn_steps * step for number in turns]
    assert answers.times.rescale("s").magnitude == pytest.approx(ends)


def test_neo_without_rate_is_refused(tmp_path):
    pytest.importorskip("nixio")
    journal, _ = journals.make(tmp_path / "a", random_network(1), turns=3)
    with pytest.raises(SpikeletError, match="knows no sampling rate; give --rate HZ"):
        export.export(journal, tmp_path / "a.nix", "neo")
    assert not (tmp_path / "a.nix").exists()
    assert export.export(journal, tmp_path / "a.nix", "neo", 50.0)


@pytest.mark.parametrize("missing", ["neo", "nixio"])
def test_neo_when_missing_prints_one_sentence(spikelet, tmp_path, monkeypatch, missing):
    journals.make(tmp_path / "a.journal", random_network(1), turns=3, rate=1.0)
    monkeypatch.setitem(sys.modules, missing, None)
    target = tmp_path / "a.nix"
    status, _, err = spikelet("export", tmp_path / "a.journal", "-o", target)
    assert status == 1
    assert err.endswith("this form needs neo: pip install 'spikelet[neo]'\n")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.journal"]


@pytest.mark.parametrize("rate", [0.1, 3.0, 7.0, 50.0, 99.7, 16000.0])
def test_event_times_divide_back_to_steps(rate):
    steps = np.arange(200_000)
    times = journal_events.times(steps, 1 / rate)
    assert np.array_equal(np.floor(times / (1 / rate)), steps)
    assert np.allclose(times, steps / rate, rtol=1e-12)


# The command


@pytest.mark.parametrize("form", [None, "csv"])
def test_export_form_follows_suffix_or_option(spikelet, tmp_path, form):
    journals.make(tmp_path / "a.journal", random_network(1), turns=5)
    target = tmp_path / ("a.npz" if form is None else "a.txt")
    arguments = ["export", tmp_path / "a.journal", "-o", target, "--json"]
    status, out, _ = spikelet(*arguments, *(["--form", form] if form else []))
    results = json.loads(out)
    assert (status, results["turns"], results["note"]) == (0, 5, "")
    assert results["output"][0] == str(target)
    assert target.exists()


def test_export_of_unclosed_journal_warns(spikelet, tmp_path):
    journals.make(tmp_path / "a.journal", random_network(1), turns=5, end=False)
    status, _, err = spikelet("export", tmp_path / "a.journal", "-o", tmp_path / "a.npz")
    assert status == 0
    assert "was not closed; it contains every event until then" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a.xyz"], "names no form; end it with .npz (npz), .csv (csv), .h5 (nirdata)"),
        (["-o", "a.npz", "--for", "snntorch"], "is a recording; --for is for graphs"),
        (["-o", "a.npz", "--rate", "0"], "rate is 0.0 samples a second"),
        (["-o", "a.npz", "--rate", "nan"], "rate is nan samples a second"),
    ],
)
def test_export_bad_arguments_print_one_sentence(spikelet, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    journals.make(tmp_path / "a.journal", random_network(1), turns=5)
    status, _, err = spikelet("export", "a.journal", *arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert words in err
    assert [path.name for path in tmp_path.iterdir()] == ["a.journal"]


def test_export_of_empty_or_missing_journal_is_refused(spikelet, tmp_path):
    journals.make(tmp_path / "a.journal", random_network(1), turns=0)
    for form in ("npz", "nirdata", "tonic", "neo"):
        target = tmp_path / "a.out"
        status, _, err = spikelet("export", tmp_path / "a.journal", "-o", target, "--form", form)
        assert status == 4
        assert "holds no turn; there is nothing to export" in err
        assert not target.exists()
    (tmp_path / "b").write_bytes(b"other")
    status, _, err = spikelet("export", tmp_path / "b", "-o", tmp_path / "b.npz")
    assert status == 4
    assert "is no recording of spikelet monitor --record" in err
    status, _, err = spikelet("export", tmp_path / "none", "-o", tmp_path / "b.npz")
    assert status == 2
    assert err.endswith("none: No such file or directory\n")
