"""Folders of recordings: readable files load, others are reported, and folds never change."""

import os

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs import recording_files
from spikelet.inputs.recordings import Recordings, folds, load_recordings, read_labels, windows


def readings(samples=10, channels=3, dtype=np.int16):
    return np.arange(samples * channels).reshape(samples, channels).astype(dtype)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with two sound recordings."""
    np.save(tmp_path / "1_walk.npy", readings())
    np.save(tmp_path / "2_run.npy", readings(20))
    return tmp_path


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def sound(names, labels, lengths=None):
    """Return recordings in memory, of one channel."""
    raw = tuple(readings(length, 1) for length in lengths or [10] * len(names))
    return Recordings(raw, np.array(labels), ("a", "b", "c"), tuple(names))


def test_load_recordings_takes_class_from_file_name(folder):
    loaded = load_recordings(folder)
    assert loaded.names == ("1_walk.npy", "2_run.npy")
    assert loaded.classes == ("run", "walk")
    assert loaded.labels.tolist() == [1, 0]
    assert loaded.labels.dtype == np.int64
    assert [raw.shape for raw in loaded.raw] == [(10, 3), (20, 3)]
    np.testing.assert_array_equal(loaded.raw[0], readings())
    assert loaded.raw[0].dtype == np.int16
    assert (loaded.skipped, loaded.cut, len(loaded)) == ((), (), 2)


def test_recordings_take_keeps_classes(folder):
    part = load_recordings(folder).take(np.array([1]))
    assert (part.names, part.labels.tolist()) == (("2_run.npy",), [0])
    assert part.classes == ("run", "walk")


def test_labels_csv_overrides_names_and_labels_can_be_excluded(folder):
    np.save(folder / "third.npy", readings())
    np.save(folder / "4_walk.npy", readings())
    write(folder / "labels.csv", "file,label\n2_run.npy,walk\nthird.npy,sit\n4_walk.npy,mixed\n")
    loaded = load_recordings(folder, excluded=["mixed"])
    assert loaded.names == ("1_walk.npy", "2_run.npy", "third.npy")
    assert [loaded.classes[label] for label in loaded.labels] == ["walk", "walk", "sit"]
    assert loaded.classes == ("sit", "walk")
    assert loaded.skipped == ("4_walk.npy: left out because its label mixed is excluded",)
    assert read_labels(folder)["third.npy"] == "sit"


def test_labels_csv_missing_file_is_reported(folder):
    write(folder / "labels.csv", "\ufefflabel,file,by\nrun,9_walk.npy,me\n")
    assert load_recordings(folder).skipped == (
        "9_walk.npy: labels.csv lists it, but it is not there",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name,label\na,b\n", "has the columns name, label; it needs file and label"),
        ("", "has the columns of an empty file"),
        ("file,label\n1_walk.npy,walk\n2_run.npy\n", "row 2 lacks"),
        (b"file,label\n\xff,a\n", "cannot be read"),
    ],
)
def test_labels_csv_damaged_is_refused(folder, content, words):
    write(folder / "labels.csv", content)
    with pytest.raises(SpikeletError, match=words):
        load_recordings(folder)


@pytest.mark.parametrize(("end", "rows"), [(-6, 9), (-5, 9), (-1, 9), (-54, 1)])
def test_read_npy_truncated_keeps_whole_rows(folder, end, rows):
    data = (folder / "1_walk.npy").read_bytes()
    write(folder / "1_walk.npy", data[:end])
    loaded = load_recordings(folder)
    np.testing.assert_array_equal(loaded.raw[0], readings()[:rows])
    assert loaded.cut == (f"1_walk.npy: holds {rows} of the 10 rows it promises",)
    assert loaded.skipped == ()


def npy(array, cut=None):
    """Return a function that saves an array, without its last bytes."""

    def save(path):
        np.save(path, array)
        write(path, path.read_bytes()[:cut])

    return save


def text(content):
    return lambda path: write(path, content)


@pytest.mark.parametrize(
    ("save", "reason"),
    [
        (text(b""), "it is empty"),
        (npy(readings(), cut=-60), "it holds no readings"),
        (npy(readings(), cut=40), "it is not a .npy file, or its beginning is damaged"),
        (text(b"not numpy at all"), "it is not a .npy file, or its beginning is damaged"),
        (text(b"\x93NUMPY\x09\x00" + bytes(200)), "its format 9.0 is not one of plain arrays"),
        (npy(np.array([None])), "it holds pickled Python objects, and readings are numbers"),
        (npy(np.array([["a"]])), "it holds <U1, and readings are numbers"),
        (npy(np.zeros((2, 2, 2), np.int16)), "its shape is (2, 2, 2), and readings are"),
        (npy(np.zeros((2, 0), np.int16)), "its shape is (2, 0), and readings are"),
        (npy(np.zeros((0, 3), np.int16)), "it holds no readings"),
        (npy(readings() + 0.5), "it holds numbers that are not whole"),
        (npy(np.full((2, 3), np.nan)), "it holds numbers that are not whole"),
        (npy(np.full((2, 3), 2**31)), "its readings lie in 2147483648..2147483648, beyond 32 bits"),
        (npy(np.asfortranarray(readings()), cut=-1), "it is stored by columns, and ends before"),
    ],
)
def test_read_npy_without_readings_is_skipped_with_reason(folder, save, reason):
    save(folder / "3_walk.npy")
    loaded = load_recordings(folder)
    assert loaded.names == ("1_walk.npy", "2_run.npy")
    assert len(loaded.skipped) == 1
    assert loaded.skipped[0].startswith(f"3_walk.npy: left out because {reason}")
    assert "\n" not in loaded.skipped[0]


def test_read_npy_never_unpickles(folder):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(folder / "sprung"),)

    np.save(folder / "3_walk.npy", np.array([Trap()]), allow_pickle=True)
    assert "pickled" in load_recordings(folder).skipped[0]
    assert not (folder / "sprung").exists()


def test_read_npy_above_size_limit_is_skipped(folder, monkeypatch):
    monkeypatch.setattr(recording_files, "MAX_BYTES", 200)
    assert load_recordings(folder).skipped == (
        "2_run.npy: left out because it has 248 bytes, above 200",
    )


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (np.int8, np.int16),
        (np.uint8, np.int16),
        (">i2", np.int16),
        (np.int64, np.int16),
        (np.float32, np.int16),
    ],
)
def test_read_npy_whole_numbers_become_int16(tmp_path, stored, read):
    np.save(tmp_path / "1_a.npy", readings(dtype=stored))
    raw = load_recordings(tmp_path).raw[0]
    assert raw.dtype == read
    np.testing.assert_array_equal(raw, readings())


def test_read_npy_above_int16_becomes_int32_in_order(tmp_path):
    large = readings() - np.array([2**31, 0, 40_000])
    np.save(tmp_path / "1_a.npy", np.asfortranarray(large))
    np.save(tmp_path / "2_a.npy", large[:, 0] + 2**31)
    with pytest.raises(SpikeletError, match="2_a.npy has 1 channels and 1_a.npy 3"):
        load_recordings(tmp_path)
    (tmp_path / "2_a.npy").unlink()
    raw = load_recordings(tmp_path).raw[0]
    assert raw.dtype == np.int32
    np.testing.assert_array_equal(raw, large)


def test_read_npy_one_dimension_is_one_channel(tmp_path):
    np.save(tmp_path / "1_a.npy", np.arange(5, dtype=np.int16))
    assert load_recordings(tmp_path).raw[0].tolist() == [[0], [1], [2], [3], [4]]


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        ("1,2,3\n4,5,-60000\n", ()),
        ("x,y,z\r\n1,2,3\r\n\r\n4,5,-60000", ()),
        ("\ufeff 1, 2, 3\n4.0,5,-6e4\n", ()),
        ("x,y,z\n1,2,3\n4,5,-60000\n7,8", ("1_a.csv: ends within a row, which is left out",)),
    ],
)
def test_read_csv_with_and_without_headings(tmp_path, content, cut):
    write(tmp_path / "1_a.csv", content)
    loaded = load_recordings(tmp_path)
    assert loaded.raw[0].tolist() == [[1, 2, 3], [4, 5, -60000]]
    assert loaded.raw[0].dtype == np.int32
    assert loaded.cut == cut


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("x,y,z\n", "it holds no readings"),
        ("1,2,3\n4,5\n6,7,8\n", "row 2 has 2 numbers, and row 1 3"),
        ("x,y\n1,2\n3,?\n4,5\n", "row 2 begins '3,?', which is no row of numbers"),
        ("1,2\n3,4,\n", "row 2 begins '3,4,', which is no row of numbers"),
        ("1,2\n3,0.5\n", "it holds numbers that are not whole"),
        ("1,2\n3,inf\n", "it holds numbers that are not whole"),
        (b"1,2\n\xff,3\n", "it is not text of comma-separated numbers"),
    ],
)
def test_read_csv_without_readings_is_skipped_with_reason(folder, content, reason):
    write(folder / "3_walk.csv", content)
    loaded = load_recordings(folder)
    assert len(loaded) == 2
    assert loaded.skipped[0].startswith(f"3_walk.csv: left out because {reason}")


def test_load_recordings_skips_names_without_class_and_folders(folder):
    np.save(folder / "third.npy", readings())
    np.save(folder / "fourth_.npy", readings())
    (folder / "5_run.npy").mkdir()
    write(folder / "README.md", "words")
    loaded = load_recordings(folder)
    assert [sentence.split(": left out because ")[0] for sentence in loaded.skipped] == [
        "5_run.npy",
        "fourth_.npy",
        "third.npy",
    ]
    assert "does not end in _class" in loaded.skipped[1]


def test_load_recordings_other_channels_are_refused(folder):
    np.save(folder / "3_run.npy", readings(10, 6))
    with pytest.raises(SpikeletError, match=r"3_run\.npy has 6 channels and 1_walk\.npy 3; keep"):
        load_recordings(folder)


def test_load_recordings_empty_folder_is_refused(tmp_path):
    with pytest.raises(SpikeletError, match=r"it needs files that end in \.npy or \.csv"):
        load_recordings(tmp_path)
    write(tmp_path / "1_a.npy", "")
    with pytest.raises(SpikeletError, match=r"1_a\.npy: left out because it is empty"):
        load_recordings(tmp_path)
    with pytest.raises(SpikeletError, match="cannot be read"):
        load_recordings(tmp_path / "nowhere")


def test_folds_never_change():
    recordings = sound([f"{i}.npy" for i in range(12)], [0] * 5 + [1] * 4 + [2] * 3)
    assert folds(recordings, 3).tolist() == [0, 1, 0, 2, 1, 1, 2, 0, 2, 1, 0, 2]


def test_folds_are_balanced_in_classes_and_size():
    recordings = sound([f"{i}.npy" for i in range(100)], [0] * 63 + [1] * 25 + [2] * 12)
    assigned = folds(recordings, 5)
    assert np.bincount(assigned).tolist() == [20] * 5
    for label, least in ((0, 12), (1, 5), (2, 2)):
        counts = np.bincount(assigned[recordings.labels == label], minlength=5)
        assert (counts >= least).all()
        assert (counts <= least + 1).all()


def test_folds_depend_on_names_not_on_order():
    names, labels = [f"{i}.npy" for i in range(20)], [i % 2 for i in range(20)]
    backwards = folds(sound(names[::-1], labels[::-1]), 4)
    assert folds(sound(names, labels), 4).tolist() == backwards[::-1].tolist()


@pytest.mark.parametrize("k", [-1, 0, 1, 5])
def test_folds_impossible_k_is_refused(k):
    with pytest.raises(SpikeletError, match=f"k is {k}, and there are 4 recordings"):
        folds(sound("abcd", [0, 0, 1, 1]), k)


def test_windows_are_parts_of_their_recordings():
    recordings = sound("abc", [0, 2, 1], [10, 3, 7])
    cut = windows(recordings, 4, 3)
    assert cut.recording.tolist() == [0, 0, 0, 2, 2]
    assert cut.y.tolist() == [0, 0, 0, 1, 1]
    assert cut.x[:, :, 0].tolist() == [
        [0, 1, 2, 3],
        [3, 4, 5, 6],
        [6, 7, 8, 9],
        [0, 1, 2, 3],
        [3, 4, 5, 6],
    ]
    assert (cut.x.dtype, cut.y.dtype, cut.recording.dtype) == (np.int16, np.int64, np.int64)
    assert cut.note == "1 of 3 recordings are shorter than 4 samples and left out"
    assert windows(recordings, 3, 1).note == ""


def test_windows_mix_int16_and_int32_without_loss():
    recordings = sound("ab", [0, 1])
    raw = (recordings.raw[0], recordings.raw[1].astype(np.int32) + 100_000)
    cut = windows(Recordings(raw, recordings.labels, recordings.classes, recordings.names), 10, 1)
    assert cut.x[1, 0, 0] == 100_000


@pytest.mark.parametrize(
    ("window", "hop", "words"),
    [(11, 1, "above the longest recording's 10"), (0, 1, "window is 0"), (1, 0, "hop is 0")],
)
def test_windows_impossible_sizes_are_refused(window, hop, words):
    with pytest.raises(SpikeletError, match=words):
        windows(sound("ab", [0, 1]), window, hop)
