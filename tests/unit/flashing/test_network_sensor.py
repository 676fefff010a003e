"""The sensor that is flashed with a network is the one that it was trained on."""

import pytest
from origins import MPU, stream_network

from spikelet.errors import RefusedInput, UsageError
from spikelet.flashing import network_sensor
from spikelet.inputs.recorded_sensor import SensorSettings

TRAINED = stream_network()
BYTES = stream_network(None, scaled=False)
I2C = {"sda": 4, "scl": 5}


def test_network_brings_sensor_options_rate_and_wiring():
    assert network_sensor.choose(TRAINED) == {"sensor": "mpu6050", "rate": 20.0, "g": 4, "i2c": I2C}


@pytest.mark.parametrize(
    ("spelling", "rate", "settings"),
    [
        ("mpu6050", None, {"rate": 20.0, "g": 4, "i2c": I2C}),
        ("mpu6050:g=4,channels=3", 20, {"rate": 20, "g": 4, "channels": 3, "i2c": I2C}),
        ("mpu6050:sda=2", None, {"rate": 20.0, "g": 4, "i2c": {"sda": 2, "scl": 5}}),
    ],
)
def test_typed_options_replace_those_of_the_training(spelling, rate, settings):
    assert network_sensor.choose(TRAINED, spelling, rate) == {"sensor": "mpu6050"} | settings


@pytest.mark.parametrize(
    ("network", "spelling", "rate", "words"),
    [
        (TRAINED, "mpu6050:g=16", None, ("g 4", "g 16")),
        (TRAINED, "mpu6050", 100, ("20 Hz", "100 Hz")),
        (TRAINED, "mpu6050:g=16", 100, ("g 4", "g 16", "20 Hz", "100 Hz")),
        (TRAINED, "lis3dh", None, ("mpu6050", "lis3dh")),
        (TRAINED, "mpu6050:channels=6", None, ("3 values", "gives 6")),
        (TRAINED, "adc:A0", 20, ("mpu6050", "adc", "3 values", "gives 1")),
        (stream_network(None, channels=64), "mpu6050", None, ("64 values", "gives 3")),
        (stream_network(None, channels=64), "bme280", None, ("64 values", "gives 3")),
        (stream_network(None, rate=50.0), "mpu6050", 100, ("50 Hz", "100 Hz")),
        (BYTES, "mpu6050", None, ("bytes 0..255", "int16")),
        (BYTES, "replay", None, ("bytes 0..255", "int16")),
        (BYTES, "adc:1,2,3", None, ("bytes 0..255", "int16")),
    ],
)
def test_contradiction_is_refused_with_both_values(network, spelling, rate, words):
    with pytest.raises(RefusedInput) as refused:
        network_sensor.choose(network, spelling, rate)
    for word in (*words, "--force"):
        assert word in str(refused.value)
    assert network_sensor.choose(network, spelling, rate, force=True)["sensor"] in spelling


def test_driver_in_another_unit_is_refused():
    driver = {"driver": "a.B", "read": "acceleration", "unit": "0.01"}
    network = stream_network(SensorSettings("driver", 20.0, ("x", "y", "z"), driver))
    flashed = network_sensor.choose(network)
    assert (flashed["read"], flashed["unit"]) == (["acceleration"], [0.01])
    with pytest.raises(RefusedInput, match=r"unit 0.01, .* unit 0.02"):
        network_sensor.choose(network, "driver:a.B,read=acceleration,unit=0.02")


def test_recording_of_older_version_has_the_default_range():
    network = stream_network(SensorSettings("mpu6050", 20.0, MPU.channels))
    assert network_sensor.choose(network, "mpu6050:g=4")["g"] == 4
    with pytest.raises(RefusedInput, match="g 4"):
        network_sensor.choose(network, "mpu6050:g=2")


def test_rate_without_known_sensor_is_that_of_the_training():
    assert network_sensor.choose(stream_network(None, rate=50.0), "mpu6050")["rate"] == 50


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (stream_network(None), {}),
        (TRAINED, {"replays": True}),
        (TRAINED, {"spelling": "none"}),
        (stream_network(SensorSettings("a camera", 20.0, ("x", "y", "z"))), {}),
        (stream_network(SensorSettings("replay", 20.0, ("x", "y", "z"))), {}),
    ],
)
def test_network_is_flashed_without_sensor(network, options):
    assert network_sensor.choose(network, **options) is None


def test_rate_without_any_sensor_is_refused():
    with pytest.raises(UsageError, match="--rate is for a sensor"):
        network_sensor.choose(stream_network(None), rate=20)


def test_demo_performs_the_classes_of_the_network():
    demo = SensorSettings("demo", 100.0, MPU.channels, {}, MPU.units)
    network = stream_network(demo, classes=("rest", "something", "wave"))
    assert network_sensor.choose(network)["motion"] == ["rest", "wave"]
