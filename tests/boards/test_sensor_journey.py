"""Record from a sensor, train, convert, flash and monitor, on the emulated Pico.

The tests play motions into its I2C accelerometer and light into its ADC. SPIKELET_EXERCISES names a
folder of recordings to play instead of the synthetic motions.
"""

import json
import os

import flash_image
import numpy as np
import pytest
import recording_folder
from boards_under_test import opened
from thorough import quick, thorough

from spikelet import installation
from spikelet.inputs import recordings

# The Pico is flashed or started many times.
pytestmark = [pytest.mark.emulated, pytest.mark.slow, pytest.mark.timeout(1800)]

RATE = 100
SAMPLES = (1_000, 10_000)  # readings that the board is watched for
HOP = 10
SENSOR = ("--sensor", "mpu6050:sda=GP4,scl=GP5", "--rate", RATE)
LIGHT = ("--sensor", "adc:GP26", "--rate", RATE)
TRAINING = f"--window 40 --hop {HOP} --encoder delta --encoder-parameter 24 --steps 1 --hidden 24"
LEAKS = (
    "--beta 0.75 --slowest-beta 0.96 --readout-beta 0.96875 --balance --learn-leaks --epochs 120"
)
# Recordings of a class, 4 seconds each. The Pico starts anew for each.
EACH = 5
LIGHT_EACH = 3


@pytest.fixture(scope="module")
def pico_folder(own_cache):
    """Return the folder of an emulated Pico with a runtime; the folder contains its wiring."""
    pico = opened("pico")
    flash_image.put(pico, flash_image.runtime(pico))
    return installation.cache_folder("pico")


@pytest.fixture
def wire(pico_folder):
    """Return a function that plays recordings into the Pico's sensors, until the test ends."""

    def wired(motion=None, light=None):
        wiring = {"rate": RATE, "hurry": True}
        if motion is not None:
            (pico_folder / "motion.bin").write_bytes(motion.astype("<i2").tobytes())
            chip = {"chip": "mpu6050", "channels": 3, "recording": "motion.bin"}
            wiring["i2c"] = [chip]
        if light is not None:
            (pico_folder / "light.bin").write_bytes(light.astype("<i2").tobytes())
            wiring["analogue"] = {"GP26": "light.bin"}
        (pico_folder / "hardware.json").write_text(json.dumps(wiring))

    yield wired
    (pico_folder / "hardware.json").unlink()


@pytest.fixture(scope="module")
def motions(tmp_path_factory):
    """Return {label: int16[samples, 3]} of motions to play."""
    if folder := os.environ.get("SPIKELET_EXERCISES"):
        found = recordings.load_recordings(folder)
    else:
        made = recording_folder.make(tmp_path_factory.mktemp("motions"), each=EACH, seconds=20)
        found = recordings.load_recordings(made, ["odd"])
    played = {}
    for number, label in enumerate(found.classes):
        of_class = [raw for raw, y in zip(found.raw, found.labels, strict=True) if y == number]
        played[label] = np.concatenate(of_class).astype(np.int16)
    return played


def answered(spikelet, *arguments):
    """Run a verb that must succeed and return its results."""
    status, out, err = spikelet(*arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def record(spikelet, folder, label, sensor, seconds):
    return answered(
        spikelet,
        "record",
        folder,
        "--label",
        label,
        "--seconds",
        seconds,
        *sensor,
        "--port",
        "pico",
    )


def watch(spikelet, *options):
    return answered(spikelet, "monitor", "--port", "pico", "--check", *options)


def train_and_flash(spikelet, tmp_path, folder, sensor):
    graph, tables = tmp_path / "net.nir", tmp_path / "net.lif"
    trained = answered(spikelet, "train", folder, "-o", graph, *TRAINING.split(), *LEAKS.split())
    assert trained["accuracy"] > 0.9
    answered(spikelet, "convert", graph, "-o", tables)
    flashed = answered(spikelet, "flash", tables, "--port", "pico", *sensor)
    assert flashed["bytecode"]


def assert_clean(seen, turns):
    assert (seen["samples"], seen["differences"], seen["lost_frames"]) == (turns, 0, 0)
    assert (seen["late"], seen["skipped"], seen["failed"]) == (0, 0, 0)


@thorough
def test_motions_are_recorded_learned_and_recognised(spikelet, wire, motions, tmp_path):
    folder = tmp_path / "motions"
    for label, motion in motions.items():
        for part in np.array_split(motion, EACH):
            wire(motion=part)
            recorded = record(spikelet, folder, label, SENSOR, 4)
            assert (recorded["samples"], recorded["late"], recorded["lost_frames"]) == (400, 0, 0)
            (path,) = recorded["files"]
            assert np.array_equal(np.load(path), np.resize(part, (400, 3)))
    train_and_flash(spikelet, tmp_path, folder, SENSOR)
    for label, motion in motions.items():
        wire(motion=motion)
        journal = tmp_path / f"{label}.journal"
        seen = watch(spikelet, "--samples", 40, "--record", journal)
        assert_clean(seen, 40)
        assert seen["answers"][label] == max(seen["answers"].values())
    wire(motion=np.concatenate(list(motions.values())))
    assert_clean(watch(spikelet, "--samples", SAMPLES[1] // HOP), SAMPLES[1] // HOP)


@pytest.mark.parametrize("samples", quick(SAMPLES, SAMPLES[:1]))
def test_light_is_recorded_learned_and_watched(spikelet, wire, tmp_path, samples):
    folder = tmp_path / "light"
    times = np.arange(400) / RATE
    for label, pace in (("slow", 0.5), ("fast", 4.0)):
        for number in range(LIGHT_EACH):
            wire(light=2048 + 1500 * np.sin(2 * np.pi * pace * times + number))
            record(spikelet, folder, label, LIGHT, 4)
    train_and_flash(spikelet, tmp_path, folder, LIGHT)
    assert_clean(watch(spikelet, "--samples", samples // HOP), samples // HOP)
