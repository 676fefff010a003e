"""The digits, their split, and the contents of an `.npz` file."""

import contextlib
import hashlib
import io
import zipfile
from collections import Counter

import numpy as np
import pytest

from spikelet.errors import SpikeletError
from spikelet.inputs import dataset
from spikelet.inputs.dataset import UNLABELLED, Dataset, load_dataset, load_digits, load_npz, split

X = np.arange(12, dtype=np.uint8).reshape(4, 3)
Y = np.array([0, 1, 1, 0])


@pytest.fixture
def npz(tmp_path):
    """Return a function that saves arrays and gives the path."""

    def save(**arrays):
        path = tmp_path / "samples.npz"
        np.savez_compressed(path, **arrays)
        return path

    return save


def refusal(path, **options):
    """Return the sentence that refuses a file."""
    with pytest.raises(SpikeletError) as caught:
        load_npz(path, **options)
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    return sentence


def test_digits_are_the_uci_test_part():
    digits = load_digits()
    assert (digits.x.shape, digits.x.dtype, digits.y.dtype) == ((1797, 64), np.uint8, np.int64)
    assert Counter(digits.y.tolist()) == dict(
        enumerate([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    )
    assert digits.classes == tuple("0123456789")
    # The first image, a zero, is printed in scikit-learn's manual in 0..16.
    assert digits.x[0, :16].tolist() == [
        16 * pixel for pixel in [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]
    ]


def test_digits_pixel_is_16_times_count_clipped_to_255():
    assert sorted(np.unique(load_digits().x)) == [*range(0, 256, 16), 255]


def test_digits_equal_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    theirs = sklearn.load_digits()
    digits = load_digits()
    np.testing.assert_array_equal(digits.x, np.minimum(255, 16 * theirs.data))
    np.testing.assert_array_equal(digits.y, theirs.target)


def test_split_of_digits_never_changes():
    train, test = split(load_digits())
    assert (len(train), len(test)) == (1437, 360)
    assert np.bincount(test.y).tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]
    assert hashlib.sha256(test.x.tobytes()).hexdigest().startswith("ab72345b0ef2eff3")


def test_split_parts_are_disjoint_and_complete():
    rows = np.arange(100, dtype=np.uint8)[:, None]
    whole = Dataset(rows, np.arange(100) % 3, ("a", "b", "c"), "rows")
    train, test = split(whole, 0.25)
    assert sorted([*train.x[:, 0], *test.x[:, 0]]) == list(range(100))
    assert np.bincount(test.y).tolist() == [9, 8, 8]
    assert (train.classes, test.name) == (whole.classes, "rows")


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 0.99])
def test_split_refuses_an_empty_part(fraction):
    whole = Dataset(X, Y, ("a", "b"), "small")
    with pytest.raises(SpikeletError, match=r"small: cannot split 4 samples"):
        split(whole, fraction)


def test_split_keeps_groups_together():
    random = np.random.default_rng(0)
    groups = random.integers(0, 30, 400) * 7
    y = groups // 7 % 3
    whole = Dataset(
        random.integers(0, 256, (400, 2)).astype(np.uint8), y, ("a", "b", "c"), "g", groups
    )
    train, test = split(whole, 0.3)
    assert len(train) + len(test) == 400
    assert not set(train.groups) & set(test.groups)
    assert [len(set(test.groups[test.y == label])) for label in range(3)] == [3, 3, 3]
    again = split(whole.take(random.permutation(400)), 0.3)[1]
    assert set(again.groups) == set(test.groups)


def test_load_npz_reads_groups(npz):
    loaded = load_npz(npz(x=X, y=Y, groups=np.array([5, 5, 9, 9], np.uint8)))
    assert loaded.groups.tolist() == [5, 5, 9, 9]
    assert loaded.groups.dtype == np.int64
    assert "groups is float64" in refusal(npz(x=X, y=Y, groups=np.array([0.5] * 4)))
    assert "groups has shape (3,); it must be (4,)" in refusal(npz(x=X, y=Y, groups=Y[:3]))


def test_load_npz_with_names_of_classes(npz):
    loaded = load_npz(npz(x=X, y=Y.astype(np.uint8), classes=["left", "right"]))
    np.testing.assert_array_equal(loaded.x, X)
    np.testing.assert_array_equal(loaded.y, Y)
    assert loaded.y.dtype == np.int64
    assert loaded.classes == ("left", "right")


def test_load_npz_without_names_uses_labels(npz):
    assert load_dataset(npz(x=X, y=Y * 2)).classes == ("0", "1", "2")


def test_load_npz_of_recordings(npz):
    recordings = np.zeros((4, 50, 3), np.uint8)
    assert load_npz(npz(x=recordings, y=Y)).x.shape == (4, 50, 3)


def test_load_npz_without_labels(npz):
    path = npz(x=X)
    loaded = load_npz(path, need_labels=False)
    assert loaded.classes == ()
    assert (loaded.y == UNLABELLED).all()
    assert refusal(path).endswith("has no array y; a dataset needs y")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"y": Y}, "no array x"),
        (
            {"x": X.astype(np.int64), "y": Y},
            "x is int64 from 0 to 11; it must be uint8 0..255: x.as",
        ),
        ({"x": X.astype(np.int16) - 5, "y": Y}, "x is int16 from -5 to 6; it must be uint8"),
        (
            {"x": X / np.float32(11), "y": Y},
            "x is float32 from 0 to 1; it must be uint8 0..255: sc",
        ),
        ({"x": np.full((4, 3), np.nan), "y": Y}, "x is float64 with 12 NaN; it must be uint8"),
        ({"x": np.full((4, 3), np.inf), "y": Y}, "float64 from inf to inf; it must be uint8"),
        ({"x": X > 3, "y": Y}, "x is bool"),
        ({"x": X.astype(str), "y": Y}, "x is <U3"),
        ({"x": X[0], "y": Y}, "x has shape (3,)"),
        ({"x": X[0, 0], "y": Y}, "x has shape ()"),
        ({"x": X[None, None], "y": Y}, "x has shape (1, 1, 4, 3)"),
        ({"x": X[:0], "y": Y[:0]}, "x has shape (0, 3)"),
        ({"x": X[:, :0], "y": Y}, "x has shape (4, 0)"),
        ({"x": X, "y": Y[:3]}, "y has shape (3,); it must be (4,)"),
        ({"x": X, "y": Y[:, None]}, "y has shape (4, 1)"),
        ({"x": X, "y": Y / 2}, "y is float64 from 0 to 0.5; it must be whole numbers"),
        ({"x": X, "y": [0, np.nan, 1, 0]}, "y is float64 from 0 to 1 with 1 NaN"),
        ({"x": X, "y": Y - 1}, "y holds -1; with 1 classes it must be 0..0"),
        ({"x": X, "y": Y * 10**9}, "y holds 1000000000"),
        ({"x": X, "y": Y * 2, "classes": ["a", "b"]}, "y holds 2; with 2 classes it must be 0..1"),
        ({"x": X, "y": Y, "classes": ["a", "a"]}, "'a' twice"),
        ({"x": X, "y": Y, "classes": [1, 2]}, "classes is int64 of shape (2,)"),
        ({"x": X, "y": Y, "classes": "ab"}, "classes is <U2 of shape ()"),
        ({"x": X, "y": Y, "classes": np.array([], str)}, "classes is <U1 of shape (0,)"),
        (
            {"x": X, "y": Y, "classes": np.array(["a", None])},
            "classes holds pickled Python objects",
        ),
        ({"x": np.array([[1, None]]), "y": Y}, "x holds pickled Python objects"),
    ],
)
def test_load_npz_wrong_arrays_are_refused(npz, arrays, words):
    assert words in refusal(npz(**arrays))


def test_load_dataset_missing_name_or_file_is_refused(tmp_path):
    with pytest.raises(SpikeletError, match=r"no dataset 'numbers': give digits, or the path"):
        load_dataset("numbers")
    assert "cannot be read: No such file" in refusal(tmp_path / "none.npz")
    assert "cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"some text", b"\x93NUMPY\x01\x00v\x00"])
def test_load_npz_other_file_is_refused(tmp_path, content):
    path = tmp_path / "samples.npz"
    path.write_bytes(content)
    assert "is not an .npz file" in refusal(path)


def test_load_npz_damage_is_one_sentence_or_harmless(npz):
    path = npz(x=X, y=Y, classes=["left", "right"])
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    sentences = []
    for number in range(2000):
        damaged = bytearray(whole if number % 2 else whole[: random.integers(1, len(whole))])
        damaged[random.integers(len(damaged))] = random.integers(256)
        path.write_bytes(damaged)
        # Any other exception fails the test.
        with contextlib.suppress(SpikeletError):
            load_npz(path)
            continue
        sentences.append(refusal(path))
    assert len(sentences) > 1500


def npy(shape, content=b""):
    """Return an `.npy` whose header promises this shape."""
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


@pytest.mark.parametrize(
    ("shape", "words"),
    [((1 << 20, 1 << 20), f"x would take {1 << 40} bytes"), ((1000, 1000), "array x is damaged")],
)
def test_load_npz_false_header_is_refused(tmp_path, shape, words):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy(shape, bytes(10)))
    assert words in refusal(path, need_labels=False)


def test_load_npz_above_size_limit_is_refused(npz, monkeypatch):
    monkeypatch.setattr(dataset, "MAX_BYTES", 11)
    assert "x would take 12 bytes, above 11" in refusal(npz(x=X, y=Y))
