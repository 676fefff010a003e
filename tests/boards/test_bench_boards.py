"""Test `spikelet bench` on boards that count: equal figures in each run, in order."""

import json

import pytest
from boards_under_test import opened
from thorough import quick

from spikelet.networks.lif_file import save_network

PORT = "qemu:m3"
SAME = 1e-3
REPORTED = 0.05
AGAINST = ("--against", "ann")
LAYER = {"inputs", "neurons", "storage", "held", "events", "step", "allocated"}
SAMPLE = {
    "take",
    "steps",
    "answer",
    "step",
    "report",
    "sent",
    "allocated",
    "synaptic_events",
    "spikes",
    "wrong",
    "samples",
    "total",
    "report_share",
    "milliseconds_at_115200_baud",
}

pytestmark = pytest.mark.emulated


@pytest.fixture(scope="module")
def lif(tmp_path_factory, trained):
    """Return the file of a digits network, which the board holds."""
    from spikelet.cli import main

    opened(PORT)
    path = tmp_path_factory.mktemp("bench") / "digits.lif"
    save_network(trained(), path)
    assert main(["flash", str(path), "--port", PORT]) == 0
    return path


@pytest.fixture(scope="module")
def measured():
    """Return {(kernel, options): results} of all measurements, because each takes seconds."""
    return {}


@pytest.fixture
def bench(spikelet, lif, measured):
    """Return a function that measures with a kernel and options, once for all tests."""

    def run(kernel, *more):
        if (kernel, more) not in measured:
            asked = ("bench", lif, "--port", PORT, "--kernel", kernel, "--count", 2, "--json")
            status, out, err = spikelet(*asked, *more)
            assert status == 0, err
            measured[kernel, more] = json.loads(out)
        return measured[kernel, more]

    return run


def test_two_runs_agree(bench):
    first, second = (bench("viper", *more)["kernels"][0] for more in ((), AGAINST))
    for name in ("take", "steps", "answer", "total"):
        assert first["sample"][name] == pytest.approx(second["sample"][name], rel=SAME)
    # A board that reports waits for its host, which is slow on a busy computer.
    assert first["sample"]["report"] == pytest.approx(second["sample"]["report"], rel=REPORTED)
    for one, other in zip(first["layers"], second["layers"], strict=True):
        assert one["step"] == pytest.approx(other["step"], rel=SAME)
        assert one["events"] == pytest.approx(other["events"], rel=SAME)


def test_viper_is_faster_than_plain(bench):
    viper, plain = (bench(kernel, *AGAINST)["kernels"][0] for kernel in ("viper", "plain"))
    of_viper, of_plain = (found["layers"][1]["events"]["per_event"] for found in (viper, plain))
    assert 0 < of_viper < of_plain / 10
    assert viper["sample"]["total"] < plain["sample"]["total"] / 5


def test_bench_json_fields(bench):
    found = bench("viper")
    assert (found["unit"], found["exact"], found["samples"]) == ("instructions", True, 2)
    (kernel,) = found["kernels"]
    assert set(kernel) == {"kernel", "layers", "sample", "memory"}
    assert [set(layer) for layer in kernel["layers"]] == [LAYER, LAYER]
    assert set(kernel["sample"]) == SAMPLE
    assert kernel["sample"]["wrong"] == 0
    assert kernel["layers"][0]["held"]
    assert not kernel["layers"][1]["held"]
    assert all(kernel["memory"][name] > 0 for name in ("runtime", "kernel", "network", "free"))


@pytest.mark.parametrize("kernel", quick(("thumb", "viper", "plain"), ("viper", "plain")))
def test_an_int8_network_is_measured_and_right(bench, kernel):
    found = bench(kernel, *AGAINST)["kernels"][0]["ann"]
    assert found["accuracy"] > 0.95
    assert found["products"] == 64 * 64 + 64 * 10
    # The kernel skips the half of the inputs that are zero.
    assert found["cost"] > 2 * found["products"]
    assert found["sentence"].count("wins") == 1
