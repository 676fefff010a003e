"""Recordings added to a folder: training loads them unchanged, and sensors never mix."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs import recording_folder, recordings
from spikelet.inputs.recording_folder import Folder, SensorSettings

IMU = SensorSettings("mpu6886", 100.0, ("ax", "ay", "az"), {"range_g": 8})


def readings(samples=20, seed=0):
    return np.random.default_rng(seed).integers(-32768, 32768, (samples, 3)).astype(np.int16)


def same_but(**changes):
    fields = {
        "sensor": "mpu6886",
        "rate": 100.0,
        "channels": ("ax", "ay", "az"),
        "settings": {"range_g": 8},
    }
    return SensorSettings(**{**fields, **changes})


def test_folder_added_recordings_load_unchanged(tmp_path):
    folder = Folder(tmp_path / "new" / "folder")
    assert folder.settings() is None
    for seed, label in enumerate(["wave", "rest", "wave"]):
        path = folder.add(label, readings(seed=seed), IMU)
        assert path.name.endswith(f"_{label}.npy")
    loaded = recordings.load_recordings(folder.path)
    assert loaded.classes == ("rest", "wave")
    assert len(loaded) == 3
    assert (loaded.skipped, loaded.cut) == ((), ())
    by_values = {
        raw.tobytes(): loaded.classes[k] for raw, k in zip(loaded.raw, loaded.labels, strict=True)
    }
    for seed, label in enumerate(["wave", "rest", "wave"]):
        assert by_values[readings(seed=seed).tobytes()] == label
    assert {raw.dtype for raw in loaded.raw} == {np.dtype(np.int16)}
    assert folder.settings() == IMU


def test_folder_recordings_of_same_second_get_own_names(tmp_path):
    folder = Folder(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda k: folder.add("wave", readings(seed=k), IMU), range(12)))
    assert len(set(paths)) == 12
    assert len(recordings.load_recordings(tmp_path)) == 12
    stored = {np.load(path).tobytes() for path in paths}
    assert stored == {readings(seed=k).tobytes() for k in range(12)}


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (same_but(sensor="bme280"), "whose sensor is mpu6886, and this one's is bme280"),
        (same_but(rate=50.0), "whose rate is 100, and this one's is 50"),
        (same_but(channels=("x", "y", "z")), "channels are ax, ay, az, and this one's are x, y, z"),
        (same_but(settings={"range_g": 2}), "settings are range_g 8, and this one's are range_g 2"),
        (same_but(settings={}), "this one's are none"),
    ],
)
def test_folder_other_sensor_is_refused(tmp_path, other, words):
    folder = Folder(tmp_path)
    first = folder.add("wave", readings(), IMU)
    with pytest.raises(SpikeletError, match=words):
        folder.add("wave", readings(), other)
    assert [path.name for path in tmp_path.glob("*.npy")] == [first.name]
    assert folder.settings() == IMU


def test_folder_without_sensor_file_is_refused(tmp_path):
    np.save(tmp_path / "1_wave.npy", readings())
    with pytest.raises(SpikeletError, match=r"holds 1_wave.npy, and no sensor.json"):
        Folder(tmp_path).add("wave", readings(), IMU)


@pytest.mark.parametrize("label", ["", "a_b", "../up", "a/b", "a\nb", " a", "a.", "x" * 65, "a:b"])
def test_folder_impossible_label_is_refused(tmp_path, label):
    with pytest.raises(SpikeletError, match="cannot be part of a file's name"):
        Folder(tmp_path).add(label, readings(), IMU)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", ["wave", "left-turn", "Größe 2", "v1.5", "C++"])
def test_folder_label_round_trip(tmp_path, label):
    Folder(tmp_path).add(label, readings(), IMU)
    assert recordings.load_recordings(tmp_path).classes == (label,)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (np.zeros((5, 2), np.int16), "of 3 channels"),
        (np.zeros(5, np.int16), "of 3 channels"),
        (np.zeros((5, 3)), "whole numbers"),
        (np.zeros((0, 3), np.int16), "no sample"),
        (np.full((5, 3), 40000), "40000..40000, beyond int16"),
    ],
)
def test_folder_impossible_readings_are_refused(tmp_path, raw, words):
    with pytest.raises(SpikeletError, match=words):
        Folder(tmp_path / "new").add("wave", raw, IMU)
    assert not (tmp_path / "new").exists()


def test_folder_full_disk_leaves_files_unchanged(tmp_path, monkeypatch):
    folder = Folder(tmp_path)
    folder.add("wave", readings(), IMU)
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording_folder.np, "save", full)
    with pytest.raises(SpikeletError, match="No space left"):
        folder.add("wave", readings(), IMU)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", ["", "[]", '{"sensor": "a"}', '{"sensor": 1, "rate": "x"}'])
def test_folder_damaged_sensor_file_is_refused(tmp_path, content):
    (tmp_path / "sensor.json").write_text(content)
    with pytest.raises(SpikeletError, match=r"sensor.json does not say what sensor"):
        Folder(tmp_path).add("wave", readings(), IMU)


def test_folder_sensor_file_is_readable_json(tmp_path):
    Folder(tmp_path).add("wave", readings(), IMU)
    assert json.loads((tmp_path / "sensor.json").read_text()) == {
        "sensor": "mpu6886",
        "rate": 100.0,
        "channels": ["ax", "ay", "az"],
        "settings": {"range_g": 8},
    }


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_sensor_settings_rate_must_be_positive(rate):
    with pytest.raises(SpikeletError, match="rate is"):
        same_but(rate=rate)
