"""Test a folder of recordings: train, convert, flash, verify and monitor."""

import json

import pytest
import recording_folder

OPTIONS = "--window 40 --hop 10 --rate 20 --exclude odd --balance --epochs 60"
CODING = "--encoder delta --encoder-parameter 24 --steps 1 --hidden 24"
LEAKS = "--beta 0.75 --slowest-beta 0.96 --readout-beta 0.96875 --learn-leaks"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return recording_folder.make(tmp_path_factory.mktemp("recordings"))


def test_the_whole_way(spikelet, folder, tmp_path):
    graph, tables = tmp_path / "net.nir", tmp_path / "net.lif"
    status, out, _ = spikelet(
        "train", folder, "-o", graph, *f"{OPTIONS} {CODING} {LEAKS}".split(), "--json"
    )
    trained = json.loads(out)
    assert status == 0
    assert trained["accuracy"] > 0.9
    assert any("it is empty" in note for note in trained["notes"])
    status, out, _ = spikelet(
        "convert", graph, "-o", tables, "--samples", folder, "--report", "--json"
    )
    converted = json.loads(out)
    assert status == 0
    assert converted["drift"]["class_agreement"] > 0.98
    assert abs(converted["accuracy"] - converted["accuracy_float"]) < 0.02
    assert spikelet("flash", tables, "--port", "virtual", "--recording", folder)[0] == 0
    status, out, _ = spikelet("verify", tables, "--port", "virtual", "--samples", folder, "--json")
    verified = json.loads(out)
    assert (status, verified["differences"], verified["lost_frames"]) == (0, 0, 0)
    assert verified["samples"] == 16 * 5 * 4
    assert verified["accuracy"] == pytest.approx(converted["accuracy"])
    status, out, _ = spikelet(
        "monitor", "--port", "virtual", "--samples", "40", "--check", "--json"
    )
    seen = json.loads(out)
    assert (status, seen["samples"], seen["differences"]) == (0, 40, 0)


def test_options_of_recordings_need_a_window(spikelet, folder, tmp_path):
    status, _, err = spikelet("train", "digits", "-o", tmp_path / "net.nir", "--every", "2")
    assert status == 2
    assert "--every is for a folder of recordings; give --window as well" in err
