"""Test that the virtual board, in its process, reads the sensors of hardware.json."""

import ast

import pytest
from sensor_boards import Wired

from spikelet.boards import resolve
from spikelet.flashing import stage
from spikelet.flashing.runtime import bytecode

READ = """
from array import array
from spikert import sensors
def readings(settings, count):
    sensor = sensors.open(settings)
    buffer = array("h", bytes(2 * sensor.channels))
    found = []
    for _ in range(count):
        sensor.read(buffer)
        found.append(tuple(buffer))
    sensor.close()
    return found
"""
MPU = {"sensor": "mpu6050", "rate": 100}


@pytest.fixture
def virtual(own_cache, monkeypatch, tmp_path):
    """Return the virtual board with the runtime, and its wiring."""
    (tmp_path / "emulated").symlink_to(own_cache / "emulated")
    monkeypatch.setenv("SPIKELET_CACHE", str(tmp_path))
    port = resolve.resolve("virtual")
    list(stage.install_payload(port, bytecode.sources()))
    return port, Wired(tmp_path / "virtual" / "files")


def test_virtual_accelerometer_recovers_from_unplugging(virtual):
    port, wired = virtual
    samples = [(k, -k, 8192 - k) for k in range(1, 50)]
    chip = {"chip": "mpu6050", "recording": wired.record("motion.bin", samples), "channels": 3}
    wired.wire(i2c=[chip])
    with port.connect() as repl:
        repl.exec("import sys\n" + port.prelude + READ)
        ask = f"print(readings({MPU}, 60))"
        assert ast.literal_eval(repl.exec(ask).decode()) == (samples * 2)[:60]
        wired.wire(i2c=[{**chip, "unplugged": True}])
        repl.exec(f"try:\n readings({MPU}, 1)\nexcept OSError as error:\n print(error)")
        wired.wire(i2c=[chip])
        assert ast.literal_eval(repl.exec(ask).decode()) == (samples * 2)[:60]


def test_virtual_accelerometer_without_file_moves(virtual):
    port, _ = virtual
    with port.connect() as repl:
        repl.exec("import sys\n" + port.prelude + READ)
        found = ast.literal_eval(repl.exec(f"print(readings({MPU}, 100))").decode())
    assert len(set(found)) > 50
