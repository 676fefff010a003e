"""Test the sensor settings of the command line and their error messages."""

import json

import pytest

from spikelet.boards import sensor_settings
from spikelet.errors import SpikeletError
from spikelet.networks.lif_file import save_network


@pytest.mark.parametrize(
    ("text", "rate", "settings"),
    [
        ("mpu6050", None, {"sensor": "mpu6050", "rate": 100}),
        ("mpu6050", 12.5, {"sensor": "mpu6050", "rate": 12.5}),
        (
            "mpu6050:sda=GP4,scl=5,id=0,g=2,address=0x69",
            50,
            {
                "sensor": "mpu6050",
                "i2c": {"sda": "GP4", "scl": 5, "id": 0},
                "g": 2,
                "address": 0x69,
                "rate": 50,
            },
        ),
        ("adc:GP26,27", 10, {"sensor": "adc", "pins": ["GP26", 27], "rate": 10}),
        (
            "driver:adafruit_lsm9ds1.LSM9DS1_I2C,read=magnetic+gyro,unit=0.01+2,sda=GP4,scl=GP5",
            50,
            {
                "sensor": "driver",
                "driver": "adafruit_lsm9ds1.LSM9DS1_I2C",
                "read": ["magnetic", "gyro"],
                "unit": [0.01, 2],
                "i2c": {"sda": "GP4", "scl": "GP5"},
                "rate": 50,
            },
        ),
        ("replay", 1, {"sensor": "replay", "rate": 1}),
        (
            "replay:names=left+right",
            1,
            {"sensor": "replay", "names": ["left", "right"], "rate": 1},
        ),
    ],
)
def test_parse_settings_of_command_line(text, rate, settings):
    assert sensor_settings.parse_settings(text, rate) == settings
    assert json.loads(sensor_settings.settings_to_bytes(settings)) == settings


def test_parse_settings_of_file(tmp_path):
    path = tmp_path / "wired.json"
    path.write_text('{"sensor": "lis3dh", "rate": 20, "button": ["GP3", 0]}')
    assert sensor_settings.parse_settings(str(path), None)["rate"] == 20
    assert sensor_settings.parse_settings(str(path), 40)["rate"] == 40


@pytest.mark.parametrize(
    ("text", "rate", "words"),
    [
        ("mpu9999", None, "no sensor is called 'mpu9999'; known are adc, mpu6050"),
        ("", None, "no sensor is called ''"),
        ("mpu6050:volume=3", None, "mpu6050 knows no setting 'volume'; it has address"),
        ("mpu6050:GP4", None, "mpu6050 knows no setting 'pins'"),
        ("adc", None, "adc needs pins; name them as the board does: adc:GP26,GP27"),
        ("touch:shift=3", None, "touch needs pins"),
        ("driver", None, "driver is None; it must be a module and its class"),
        ("driver:a.B,read=x", None, "read is ['x'] and unit []; each read has a unit"),
        ("driver:a.B,read=x,unit=0", None, "unit is 0; it must be a number above 0"),
        ("mpu6050", 0, "rate is 0; it must be a number above 0, at most 10000"),
        ("mpu6050", -3.0, "rate is -3.0; it must be"),
    ],
)
def test_parse_settings_invalid_text_is_error(text, rate, words):
    with pytest.raises(SpikeletError) as error:
        sensor_settings.parse_settings(text, rate)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [("[1]", "holds no settings"), ("{", "is no JSON"), (None, "cannot read")],
)
def test_parse_settings_invalid_file_is_error(tmp_path, content, words):
    path = tmp_path / "wired.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpikeletError, match="wired.json") as error:
        sensor_settings.parse_settings(str(path), None)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("settings", "channels", "names"),
    [
        ({"sensor": "mpu6050"}, 3, ("ax", "ay", "az")),
        ({"sensor": "mpu6050"}, 6, ("ax", "ay", "az", "gx", "gy", "gz")),
        ({"sensor": "adc", "pins": ["A0", 3]}, 2, ("A0", "3")),
        ({"sensor": "replay"}, 2, ("c0", "c1")),
        ({"sensor": "replay", "names": ["left", "right"]}, 2, ("left", "right")),
    ],
)
def test_channel_names_of_sensors(settings, channels, names):
    assert sensor_settings.channel_names(settings, channels) == names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("--label", "a_b", "--sensor", "mpu6050"),
            "the label 'a_b' cannot be part of a file's name",
        ),
        (
            ("--label", "a", "--sensor", "mpu6050", "--seconds", "0"),
            "seconds is 0.0; it must be above",
        ),
        (("--label", "a", "--sensor", "none"), "no sensor is called 'none'"),
    ],
)
def test_record_invalid_option_is_error(spikelet, tmp_path, arguments, words):
    folder = tmp_path / "motions"
    status, _, err = spikelet("record", folder, *arguments, "--port", "virtual")
    assert status == 2
    assert words in err
    assert err.count("\n") == 1
    assert not folder.exists()


def test_flash_rate_without_sensor_is_error(spikelet, tmp_path):
    from random_networks import random_network

    save_network(random_network(3), tmp_path / "net.lif")
    arguments = ("flash", tmp_path / "net.lif", "--rate", "50", "--port", "virtual")
    status, _, err = spikelet(*arguments)
    assert status == 2
    assert "--rate is for a sensor; name it with --sensor" in err
