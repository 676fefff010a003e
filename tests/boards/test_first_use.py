"""The first use without hardware: record, train, convert, flash and monitor on virtual boards."""

import json
from dataclasses import replace

import pytest
from origins import MPU, stream_network

import spikelet as library
from spikelet.boards import resolve
from spikelet.errors import UsageError
from spikelet.inputs.recorded_sensor import SensorSettings
from spikelet.networks.lif_file import save_network
from spikert.sensors import demo

LABELS = ("rest", "wave")
TAKES = 5
HOP, WINDOW = 25, 50
PORT = ("--port", "virtual:first-use")


@pytest.fixture(autouse=True)
def cache(own_cache):
    """Keep these boards apart from the user's."""


def answered(spikelet, *arguments, status=0):
    """Run a verb and return its results."""
    ended, out, err = spikelet(*arguments, "--json")
    assert ended == status, err
    return json.loads(out)


@pytest.mark.slow
def test_demo_is_recorded_learned_flashed_and_recognised(spikelet, tmp_path):
    folder, graph, tables = (tmp_path / name for name in ("motions", "net.nir", "net.lif"))
    sensor = ("--sensor", "demo", "--rate", 500)
    for label in LABELS:
        options = ("--label", label, "--takes", TAKES, "--seconds", 0.5, *PORT)
        recorded = answered(spikelet, "record", folder, *options, *sensor)
        assert (recorded["samples"], len(recorded["files"])) == (250 * TAKES, TAKES)
        sensor = ()
    options = ("--window", WINDOW, "--hop", HOP, "--hidden", 16, "--epochs", 40)
    assert answered(spikelet, "train", folder, "-o", graph, *options)["accuracy"] > 0.9
    answered(spikelet, "convert", graph, "-o", tables)
    flashed = answered(spikelet, "flash", tables, *PORT)["sensor"]
    assert flashed == {"sensor": "demo", "rate": 500.0, "motion": list(LABELS)}
    # Each motion lasts this number of answers; the first of a motion may belong to the one before.
    each = demo.MOTION_LENGTH // HOP
    journal = tmp_path / "one.journal"
    watched = answered(
        spikelet, "monitor", *PORT, "--check", "--samples", 2 * each, "--record", journal
    )
    assert (watched["samples"], watched["differences"], watched["skipped"]) == (2 * each, 0, 0)
    for label in LABELS:
        assert abs(watched["answers"][label] - each) <= 0.1 * each
    verified = answered(spikelet, "verify", tables, *PORT, "--samples", folder)
    assert verified["accuracy"] > 0.9
    refused = answered(spikelet, "flash", tables, *PORT, "--sensor", "mpu6050", status=4)
    assert "trained on demo" in refused["error"]
    boards = answered(spikelet, "boards")["virtual"]
    assert "an answer every 25 samples" in boards["virtual:first-use"]


def test_flash_reads_the_sensor_once_and_reports_its_absence(spikelet, tmp_path):
    tables = tmp_path / "net.lif"
    save_network(stream_network(SensorSettings("lis3dh", 20.0, MPU.channels, {"g": 4})), tables)
    status, out, err = spikelet("flash", tables, *PORT, "--sensor", "lis3dh")
    assert status == 1
    assert "has loaded" in out
    assert "no lis3dh answers at 0x18" in err
    status, _, err = spikelet("flash", tables, *PORT)
    assert (status, "no lis3dh answers" in err) == (0, True)


def test_virtual_board_takes_a_network_wired_for_a_real_board(spikelet, tmp_path):
    save_network(stream_network(), tmp_path / "net.lif")
    status, _, err = spikelet("flash", tmp_path / "net.lif", *PORT)
    assert (status, "no pin 5" in err) == (0, True)


def test_verify_flashes_another_network_only_if_asked(spikelet, tmp_path):
    one, two = tmp_path / "one.lif", tmp_path / "two.lif"
    save_network(stream_network(), one)
    save_network(stream_network(None), two)
    assert spikelet("verify", one, *PORT, "--flash")[0] == 0
    status, _, err = spikelet("verify", two, *PORT)
    assert status != 0
    assert "another network" in err
    assert spikelet("verify", two, *PORT, "--flash")[0] == 0
    status, out, _ = spikelet("verify", two, *PORT, "--flash")
    assert (status, "were sent" in out) == (0, False)


def test_virtual_boards_have_files_of_their_own():
    one, two = stream_network(replace(MPU, wiring={})), stream_network(None)
    library.Board("virtual:one").flash(one)
    library.Board("virtual:two").flash(two)
    assert library.Board("virtual:one").network == one
    with library.temporary_board() as board:
        board.flash(two)
        assert board.verify(two).passed
    assert library.Board("virtual:two").network == two


@pytest.mark.parametrize("name", ["../up", "a/b", "a b", "a.b", "x" * 41, "\x1b[2J"])
def test_virtual_board_with_impossible_name_is_refused(name):
    with pytest.raises(UsageError, match="letters, digits") as refused:
        resolve.resolve(f"virtual:{name}")
    assert refused.value.args[0].isprintable()
