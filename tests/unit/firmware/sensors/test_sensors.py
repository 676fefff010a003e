"""Sensors of every family on the virtual board."""

import sys

import pytest
from sensor_boards import reading, refusal, virtual_board

from spikelet.boards.virtual import devices
from spikert import sensors

SAMPLES = [(1, -2, 3), (-32768, 32767, 0), (5, 5, 5), (0, 0, 0), (12, -3400, 8192)]


@pytest.fixture
def wired(tmp_path, monkeypatch):
    """Yield the wiring of the virtual board in this folder."""
    with virtual_board(tmp_path, monkeypatch) as wired:
        yield wired


def test_open_unknown_sensor_lists_known_names():
    message = refusal({"sensor": "mpu9999"})
    assert message.startswith("no sensor is called 'mpu9999'; known are adc, mpu6050")
    assert all(name in message for name, _ in sensors.KNOWN)
    assert "no sensor is called None" in refusal({})
    assert "must be a dict" in refusal(["adc"])


@pytest.mark.parametrize(("name", "family"), sensors.KNOWN)
def test_open_refuses_unknown_settings_by_name(name, family):
    message = refusal({"sensor": name, "colour": 1})
    assert message.startswith(f"{name} knows no setting 'colour'; it has sensor, rate, ")


def test_open_imports_only_the_family_of_the_sensor(wired):
    known = {f"spikert.sensors.{family}" for _, family in sensors.KNOWN}
    for name in known:
        sys.modules.pop(name, None)
    wired.record("samples.bin", [(1,)])
    sensors.open({"sensor": "replay"}).close()
    assert known & set(sys.modules) == {"spikert.sensors.replay"}


def test_adc_reads_analogue_pins_in_12_bits(wired):
    wired.wire(analogue={"A0": wired.record("a", [(0,), (4095,), (7,)]), "A2": None})
    sensor = sensors.open({"sensor": "adc", "pins": ["A0", "A2"]})
    assert (sensor.channels, sensor.names) == (2, ("A0", "A2"))
    generated = [sample[0] for sample in devices.made_up(1)]
    assert [reading(sensor) for _ in range(4)] == list(
        zip([0, 4095, 7, 0], generated, strict=False)
    )
    sensor.close()
    sensors.open({"sensor": "adc", "pins": ["A2", "A0"]}).close()


@pytest.mark.parametrize(
    ("pins", "message"),
    [
        (None, "pins is None; it must be a list"),
        ("A0", "pins is 'A0'; it must be a list"),
        ([], "pins is []; it must be a list"),
        (["A0", "A9"], "this board has no pin 'A9'"),
        (["A0", 26], "this board has no pin 26"),
        (["A0", "A0"], "pin 'A0' measures no voltage: A0 in use"),
        (["A0", "SDA"], "pin 'SDA' measures no voltage: Invalid pin"),
    ],
)
def test_adc_refuses_wrong_pins(wired, pins, message):
    assert message in refusal({"sensor": "adc", "pins": pins})
    # The refused sensor released its pins.
    sensors.open({"sensor": "adc", "pins": ["A0"]}).close()


def test_touch_reads_shifted_and_limited_values(wired):
    wired.wire(touch={"A1": wired.record("t", [(5,), (100,), (-1,)])})
    sensor = sensors.open({"sensor": "touch", "pins": ["A1"], "shift": 1})
    assert sensor.names == ("A1",)
    assert [reading(sensor) for _ in range(3)] == [(50,), (32767,), (2,)]
    sensor.close()
    sensor = sensors.open({"sensor": "touch", "pins": ["A1"]})
    # Limited, not wrapped to -1.
    assert reading(sensor) == (32767,)
    assert "feels no touch: A1 in use" in refusal({"sensor": "touch", "pins": ["A1"]})


def test_pdm_reads_the_sound_level(wired):
    block = [(1000,), (-1000,), (3000,), (-3000,)]
    wired.wire(microphone=wired.record("m", block + [(s[0] - 500,) for s in block]))
    sensor = sensors.open({"sensor": "pdm", "samples": 4})
    assert (sensor.channels, sensor.names) == (1, ("level",))
    assert [reading(sensor) for _ in range(3)] == [(2000,)] * 3
    sensor.close()
    loud = [(32767,), (-32768,)]
    wired.wire(microphone=wired.record("loud", loud))
    assert reading(sensors.open({"sensor": "pdm"})) == (32767,)


def test_pdm_constant_signal_is_nonsense(wired):
    wired.wire(microphone=wired.record("m", [(77,)]))
    sensor = sensors.open({"sensor": "pdm"})
    assert [reading(sensor) for _ in range(63)] == [(0,)] * 63
    with pytest.raises(sensors.Nonsense, match="64 blocks of sound"):
        reading(sensor)


def test_microphone_refuses_wrong_settings(wired):
    assert refusal({"sensor": "pdm", "sck": "A0"}) == "pdm knows no setting 'sck'"
    assert "has no i2s" in refusal({"sensor": "i2s"})
    assert "no PDM microphone on these pins: A0 in use" in refusal(
        {"sensor": "pdm", "clock": "A0", "data": "A0"}
    )
    assert "samples is 0" in refusal({"sensor": "pdm", "samples": 0})


def test_replay_repeats_the_recording(wired):
    wired.record("run.bin", SAMPLES)
    sensor = sensors.open({"sensor": "replay", "file": "run.bin", "channels": 3, "rate": 50})
    assert sensor.names == ("c0", "c1", "c2")
    assert [reading(sensor) for _ in range(12)] == (SAMPLES * 3)[:12]
    (wired.folder / "run.bin").write_bytes(b"abc")
    with pytest.raises(sensors.Nonsense, match="shorter than a sample"):
        [reading(sensor) for _ in range(5)]
    sensor.close()


def test_open_refuses_wrong_rates(wired):
    for rate in ("fast", 0, -1, 20_000, None, True):
        message = refusal({"sensor": "adc", "pins": ["A0"], "rate": rate})
        assert message == f"rate is {rate!r}; it must be a number above 0, at most 10000"
    sensors.open({"sensor": "adc", "pins": ["A0"], "rate": 0.5}).close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "it holds no JSON object"),
        ('{"i2c": [{"chip": "mpu"}]}', "no chip is called 'mpu'; known are mpu6050"),
        (
            '{"i2c": [{"chip": "lis3dh", "recording": "odd"}]}',
            "7 bytes are no samples of 3 channels",
        ),
        ('{"i2c": [{"chip": "lis3dh", "recording": "none"}]}', "No such file"),
    ],
)
def test_virtual_wiring_error_is_oserror_until_fixed(wired, text, message):
    (wired.folder / "odd").write_bytes(bytes(7))
    (wired.folder / "hardware.json").write_text(text)
    sensor = sensors.open({"sensor": "adc", "pins": ["A0"]})
    for _ in range(2):
        with pytest.raises(OSError, match=message):
            reading(sensor)
    wired.wire(i2c=[])
    assert reading(sensor) == devices.made_up(1)[0]


def test_replay_refuses_wrong_recordings(wired):
    replay = {"sensor": "replay", "file": "run.bin", "channels": 3}
    with pytest.raises(FileNotFoundError):
        sensors.open(replay)
    (wired.folder / "run.bin").write_bytes(bytes(16))
    message = refusal(replay)
    assert message == "run.bin has 16 bytes; samples of 3 channels have 6 each"
    (wired.folder / "run.bin").write_bytes(b"")
    assert "0 bytes" in refusal(replay)
    assert "channels is 0" in refusal({**replay, "channels": 0})
    assert "names is ['x']; 3 channels have as many" in refusal({**replay, "names": ["x"]})
    assert "file is 5; it must be a path" in refusal({**replay, "file": 5})
