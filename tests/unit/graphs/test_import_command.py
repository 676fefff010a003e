"""Test `spikelet import`: the network, its report, and missing options."""

import json
from dataclasses import replace

import nir
import numpy as np
import pytest
from nir_graphs import SNNTORCH, chain, samples, snntorch_leaky

from spikelet.graphs import file
from spikelet.graphs.foreign import read
from spikelet.networks.protocol import StreamWindow


@pytest.fixture
def command(tmp_path, monkeypatch, spikelet):
    """Return a function that runs `spikelet import` on snnTorch's file in an empty folder."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    nodes = [
        nir.Linear(random.normal(0.2, 0.3, (8, 6))),
        snntorch_leaky(np.full(8, 0.9), np.ones(8)),
        nir.Linear(random.normal(0.2, 0.3, (4, 8))),
        snntorch_leaky(np.full(4, 0.9), np.ones(4)),
    ]
    nir.write("theirs.nir", chain(*nodes))

    def run(*arguments):
        common = ["--encoder", "rate", "--steps", "9", "--readout", "count", "-o", "ours.nir"]
        return spikelet("import", "theirs.nir", *common, *arguments)

    return run


def test_import_command_writes_network_and_report(command):
    status, out, _ = command("--from", "snntorch", "--classes", "a,b,c,d")
    assert status == 0
    assert out.startswith(
        "ours.nir: 6-8-4, encoder rate, 9 steps of 0.0001 s, readout count, reset"
    )
    assert "exact: LIF '2:LIF': beta 0.9, drive times 1\n" in out
    assert "assumed: graph: reset is subtract, the default of snnTorch\n" in out
    written = file.read_graph("ours.nir")
    expected = read.read_foreign("theirs.nir", replace(SNNTORCH, encoder="rate", steps=9)).network
    assert (written.classes, written.steps, written.encoder) == (("a", "b", "c", "d"), 9, "rate")
    x = samples(np.random.default_rng(0), 6)
    for actual, right in zip(written.simulate(x).spikes, expected.simulate(x).spikes, strict=True):
        np.testing.assert_array_equal(actual, right)


def test_import_command_prints_report_as_json(command):
    status, out, _ = command("--from", "snntorch", "--json")
    report = json.loads(out)
    assert status == 0
    assert (report["sizes"], report["dt"], report["reset"]) == ([6, 8, 4], 1e-4, "subtract")
    first = {"node": "0:Input", "kind": "Input", "grade": "exact", "text": "6 values"}
    assert first in report["account"]


def test_import_command_without_dt_writes_no_file(command, tmp_path):
    status, _, err = command()
    assert status == 2
    assert "theirs.nir: the file does not say how long a step is" in err
    assert not (tmp_path / "ours.nir").exists()


def test_import_command_with_hop_and_window_writes_stream(command):
    status, out, _ = command("--from", "snntorch", "--hop", "2", "--window", "6")
    assert status == 0
    assert file.read_graph("ours.nir").stream == StreamWindow(window=6, hop=2)
    assert ", an answer every 2 samples over 6\n" in out
    status, _, err = command("--from", "snntorch", "--hop", "4", "--window", "6")
    assert status == 2
    assert "the window must be a multiple of the hop" in err
