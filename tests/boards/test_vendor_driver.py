"""Test a vendor's driver on the emulated Pico: install, record, run and verify."""

import json

import flash_image
import numpy as np
import pytest
import vendor_driver
from boards_under_test import blank
from stream_networks import stream_network

from spikelet import installation
from spikelet.networks.lif_file import save_network

# The Pico is flashed or started many times.
pytestmark = [pytest.mark.emulated, pytest.mark.slow, pytest.mark.timeout(1800)]

SENSOR = f"driver:vendor_mpu.MPU6050,read=acceleration,unit={vendor_driver.UNIT!r},sda=GP4,scl=GP5"


@pytest.fixture
def motion(own_cache):
    """Return int16[samples, 3] that is played into the accelerometer of a Pico with a runtime."""
    pico = blank("pico")
    flash_image.put(pico, flash_image.runtime(pico))
    folder = installation.cache_folder("pico")
    played = np.random.default_rng(1).integers(-32768, 32768, (300, 3)).astype("<i2")
    (folder / "motion.bin").write_bytes(played.tobytes())
    chip = {"chip": "mpu6050", "channels": 3, "recording": "motion.bin"}
    wiring = {"rate": 100, "hurry": True, "i2c": [chip]}
    (folder / "hardware.json").write_text(json.dumps(wiring))
    yield played
    (folder / "hardware.json").unlink()


def test_vendor_driver_gives_integers_of_chip(spikelet, motion, tmp_path):
    source = vendor_driver.put(tmp_path)
    package = tmp_path / "package.json"
    package.write_text(json.dumps({"urls": [["vendor_mpu.py", source.name]], "version": "1"}))
    sensor = ("--sensor", SENSOR, "--port", "pico")
    record = ("record", tmp_path / "motions", "--label", "any", "--seconds", 2, *sensor)
    status, _, err = spikelet(*record)
    assert (status, err.count("\n")) == (1, 1)
    assert "no driver vendor_mpu on the board" in err
    status, out, err = spikelet(*record, "--install-driver", package, "--json")
    assert status == 0, err
    (path,) = json.loads(out)["files"]
    # Playing begins with the driver, about half a row before the first sample.
    places = [np.flatnonzero((motion == row).all(axis=1)) for row in np.load(path)]
    assert [len(found) for found in places] == [1] * 200
    assert np.abs(np.concatenate(places) - np.arange(200)).max() <= 1
    # This network takes three channels of int16.
    save_network(stream_network(1), tmp_path / "net.lif")
    assert spikelet("flash", tmp_path / "net.lif", *sensor)[0] == 0
    status, out, err = spikelet("monitor", "--check", "--samples", 50, "--port", "pico", "--json")
    assert status == 0, err
    seen = json.loads(out)
    assert (seen["samples"], seen["differences"], seen["lost_frames"]) == (50, 0, 0)
    # Readings may be late, because the board collects garbage.
    assert (seen["skipped"], seen["failed"]) == (0, 0)
