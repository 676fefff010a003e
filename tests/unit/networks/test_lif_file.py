"""The .lif file: networks survive a round trip, and damaged files are refused."""

import numpy as np
import pytest
from lif_files import patched, resealed
from random_networks import random_network

from spikelet.errors import SpikeletError
from spikelet.inputs.scaling import Scaling
from spikelet.networks import lif_file
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikelet.networks.lif_file import load_network, save_network
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikert.network import tables

# Offsets in the header, of tables.HEADER.
VERSION, CHANNELS, STEPS, HOP, WINDOW, SCALES = 4, 44, 46, 48, 50, 52
ENCODER, READOUT, LAYERS, CLASSES_SIZE = 54, 55, 56, 58
# In a file without scaling.
CLASSES = tables.HEADER_SIZE
FIELDS = ("weights", "recurrent", *tables.PARAMETERS)
# Offsets in a convolution's geometry, of tables.GEOMETRY.
HEIGHT, WIDTH, POOL_H, KERNEL_W, STRIDE_W, OUT_H = 0, 2, 6, 12, 16, 22


def small() -> Network:
    """Return a network of two layers, of bytes and of pairs."""
    first = Layer(weights=np.array([[1, -2, 3], [4, -128, 127]], np.int8), theta=[5, 6, 7], rho=5)
    second = Layer(weights=np.array([[1, 0], [0, 1], [9, -9]], np.int8), theta=3, d=16, pairs=True)
    return Network("rate", 3, "count", ("ja", "no"), [first, second])


SMALL = lif_file.to_bytes(small())
# After "ja\nno", padded.
FIRST_LAYER = CLASSES + 8
SECOND_LAYER = FIRST_LAYER + tables.LAYER_SIZE + 4 * 7 + 8 + 2 * 4 + tables.READ_AHEAD


def looking() -> Network:
    """Return a network of one convolution: 4 x 4 pixels of 2 channels, 2 x 3 places of 2 maps."""
    geometry = Geometry((4, 4), 2, (3, 2), (2, 3))
    rng = np.random.default_rng(1)
    weights = rng.integers(-128, 128, (geometry.fan_in, 2)).astype(np.int8)
    layer = Layer(weights=weights, theta=9, geometry=geometry)
    return Network("rate", 3, "count", tuple("abcdefghijkl"), [layer])


LOOKING = lif_file.to_bytes(looking())
ONLY_LAYER = CLASSES + 24
GEOMETRY = ONLY_LAYER + tables.LAYER_SIZE


def assert_refused(data: bytes, path, *words: str) -> None:
    """Check that board and host refuse the file with one line that contains these words."""
    with pytest.raises(tables.TableError) as board:
        tables.Tables(data)
    (path / "net.lif").write_bytes(data)
    with pytest.raises(SpikeletError) as host:
        load_network(path / "net.lif")
    for error in board, host:
        assert "\n" not in str(error.value)
        for word in words:
            assert word in str(error.value)
    assert str(path / "net.lif") in str(host.value)


@pytest.mark.parametrize("seed", range(12))
def test_lif_round_trip_bit_for_bit(seed, tmp_path):
    written = random_network(seed)
    save_network(written, tmp_path / "net.lif")
    read = load_network(tmp_path / "net.lif")
    assert (
        lif_file.to_bytes(read) == lif_file.to_bytes(written) == (tmp_path / "net.lif").read_bytes()
    )
    for a, b in zip(read.layers, written.layers, strict=True):
        assert (a.gain, a.r, a.reset, a.geometry) == (b.gain, b.r, b.reset, b.geometry)
        assert (a.current_r, a.pairs, a.lanes) == (b.current_r, b.pairs, b.lanes)
        assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)
    for name in ("encoder", "steps", "readout", "classes", "source_sha256"):
        assert getattr(read, name) == getattr(written, name)
    assert lif_file.crc(read) == lif_file.crc(written)


def test_lif_scaling_and_stream_round_trip():
    written = small()
    written.scaling = Scaling(np.array([-70_000, 5]), np.array([2**31 - 1, -(2**31)]), 31)
    written.stream = StreamWindow(window=12, hop=4)
    read = lif_file.from_bytes(lif_file.to_bytes(written))
    assert read.stream == written.stream
    assert read.scaling.offset.tolist() == [-70_000, 5]
    assert read.scaling.scale.tolist() == [2**31 - 1, -(2**31)]
    assert read.scaling.shift == 31
    assert lif_file.to_bytes(read) == lif_file.to_bytes(written)


@pytest.mark.parametrize("seed", range(12))
def test_lif_of_host_is_read_by_board(seed):
    written = random_network(seed)
    table = tables.Tables(lif_file.to_bytes(written))
    assert (table.crc, bytes(table.sha256)) == (lif_file.crc(written), written.source_sha256)
    for read, layer in zip(table.layers, written.layers, strict=True):
        if layer.geometry is None:
            assert_rows(read, layer)
        else:
            assert_patches(read, layer)
        for name in tables.PARAMETERS:
            values = getattr(layer, name)
            if values is not None:
                assert np.array_equal(read.expanded(name), values)


def assert_rows(read: tables.LayerTable, layer: Layer) -> None:
    own = np.zeros((0, layer.neurons)) if layer.recurrent is None else layer.recurrent
    weights = np.concatenate([layer.weights, own])
    end = read.weights + read.rows * read.stride
    data = bytes(read.data[read.weights : end])
    rows = np.frombuffer(data, "<u2" if layer.pairs else "u1").reshape(len(weights), -1).astype(int)
    assert np.array_equal(rows[:, : read.neurons] - read.weight_bias, weights)
    assert (rows[:, read.neurons :] == read.weight_bias).all()
    assert bytes(read.data[end : read.end]) == bytes(tables.READ_AHEAD)
    for column in rows.T:
        assert np.sort(column)[-read.together :].sum() <= 255


@pytest.mark.parametrize(
    ("weights", "bias", "together"),
    [
        ([[127], [-128]], 128, 1),
        ([[63, 0], [63, 0], [63, 0]], 64, 2),
        ([[31, 0, 0, 0]] * 9, 32, 4),
        ([[15] * 4] * 20, 16, 8),
        ([[7] * 4] * 20, 8, 17),
        ([[-8] * 4] * 20, 8, 20),
        ([[-8] * 4] * 15 + [[7] * 4] * 5, 8, 20),
        ([[-32] * 4] * 4, 32, 4),
    ],
)
def test_lif_rows_together_fit_a_byte(weights, bias, together):
    layer = Layer(weights=np.array(weights, np.int8), theta=1)
    last = Layer(weights=np.ones((layer.neurons, 1), np.int8), theta=1)
    table = tables.Tables(
        lif_file.to_bytes(Network("rate", 1, "count", ("a",), [layer, last]))
    ).layers[0]
    assert (table.weight_bias, table.together) == (bias, together)


def assert_patches(read: tables.LayerTable, layer: Layer) -> None:
    """Compare the weights of a convolution in the order that tables.py defines."""
    geometry, patches = layer.geometry, []
    for channel in range(geometry.channels):
        for part_row in range(geometry.stride[0]):
            for part_column in range(geometry.stride[1]):
                for row in range(part_row, geometry.kernel[0], geometry.stride[0])[::-1]:
                    for column in range(part_column, geometry.kernel[1], geometry.stride[1])[::-1]:
                        place = row * geometry.kernel[1] + column
                        patches.append(layer.weights[place * geometry.channels + channel])
    data = np.frombuffer(bytes(read.data[read.weights : read.end]), np.int8)
    assert np.array_equal(data[: layer.weights.size], np.concatenate(patches))
    assert not data[layer.weights.size :].any()


@pytest.mark.parametrize("seed", range(12))
def test_lif_arrays_are_aligned_to_4_bytes(seed):
    data = lif_file.to_bytes(random_network(seed))
    table = tables.Tables(data)
    offsets = [table.scaling, len(data)]
    for layer in table.layers:
        offsets += [layer.weights, layer.stride, layer.end]
        offsets += [offset for offset, _ in layer.where.values()]
    assert all(offset % 4 == 0 for offset in offsets)


def test_save_network_unreadable_is_not_written(tmp_path):
    wrong = small()
    wrong.classes = ("two\nlines", "in", "names")
    (tmp_path / "net.lif").write_bytes(b"old")
    with pytest.raises((SpikeletError, tables.TableError)):
        save_network(wrong, tmp_path / "net.lif")
    assert (tmp_path / "net.lif").read_bytes() == b"old"


@pytest.mark.parametrize("size", range(len(SMALL)))
def test_lif_truncated_is_refused(size, tmp_path):
    assert_refused(SMALL[:size], tmp_path)


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_lif_changed_byte_anywhere_is_refused(flip, tmp_path):
    for place in range(len(SMALL)):
        changed = bytearray(SMALL)
        changed[place] ^= flip
        assert_refused(bytes(changed), tmp_path)


def test_lif_trailing_bytes_are_refused(tmp_path):
    assert_refused(SMALL + b"\0\0\0\0", tmp_path, str(len(SMALL) + 4), str(len(SMALL)))


def test_lif_trailing_bytes_in_header_size_are_refused(tmp_path):
    assert_refused(resealed(SMALL[:-4] + b"\0\0\0\0\0\0\0\0"), tmp_path)


def test_lif_newer_version_is_refused(tmp_path):
    newer = patched(SMALL, VERSION, "<H", tables.WITH_TEXT + 1)
    assert_refused(newer, tmp_path, f"format {tables.WITH_TEXT + 1}", f"reads {tables.WITH_TEXT}")


def test_lif_wrong_magic_is_refused(tmp_path):
    assert_refused(patched(SMALL, 0, "<I", 0x464C457F), tmp_path, "not a .lif file")


@pytest.mark.parametrize(
    ("offset", "form", "value", "word"),
    [
        (ENCODER, "<B", 6, "encoder 6"),
        (READOUT, "<B", 3, "readout 3"),
        (LAYERS, "<B", 0, "layers"),
        (LAYERS, "<B", 3, "beyond"),
        (STEPS, "<H", 0, "0 steps"),
        (SCALES, "<H", 1000, ""),
        (SCALES, "<H", 0xFFFF, ""),
        (CLASSES_SIZE, "<H", 0xFFFF, "beyond"),
        (CLASSES + 2, "<B", ord("-"), "1 classes"),
        (CHANNELS, "<H", 5, "5 come"),
        (ENCODER, "<B", 5, "4 come"),
        (HOP, "<H", 3, "hop of 3"),
        (WINDOW, "<H", 3, "window of 3"),
        (FIRST_LAYER, "<B", 1, "convolution"),
        (FIRST_LAYER, "<B", 2, "kind 2"),
        (FIRST_LAYER + 2, "<B", 8, "gain 8"),
        (FIRST_LAYER + 3, "<B", 7, "r 7"),
        (FIRST_LAYER + 3, "<B", 16, "r 16"),
        (FIRST_LAYER + 10, "<B", 7, "current_r 7"),
        (FIRST_LAYER + 10, "<B", 16, "current_r 16"),
        (FIRST_LAYER + 11, "<B", 129, "biased by 129"),
        (FIRST_LAYER + 12, "<H", 0, "0 rows"),
        (FIRST_LAYER + 4, "<H", 0, "0 inputs"),
        (FIRST_LAYER + 6, "<H", 0, "0 neurons"),
        (FIRST_LAYER + 6, "<H", 0xFFFF, "beyond"),
        (SECOND_LAYER + 4, "<H", 2, ""),
        (SECOND_LAYER + 4, "<H", 0xFFFF, "beyond"),
        (SECOND_LAYER + 6, "<H", 1, "1 neurons"),
    ],
)
def test_lif_impossible_field_with_right_checksum_is_refused(tmp_path, offset, form, value, word):
    assert_refused(patched(SMALL, offset, form, value), tmp_path, word)


@pytest.mark.parametrize(
    ("offset", "form", "value", "word"),
    [
        (ONLY_LAYER + 1, "<B", tables.FIRES | tables.RECURRENT, "recurrent"),
        (ONLY_LAYER + 1, "<B", tables.FIRES | tables.PAIRS, "pairs"),
        (ONLY_LAYER + 6, "<H", 13, "13 neurons"),
        (ONLY_LAYER + 6, "<H", 5, "5 neurons"),
        (ONLY_LAYER + 6, "<H", 18, ""),
        (GEOMETRY + HEIGHT, "<H", 5, "32 inputs"),
        (GEOMETRY + WIDTH, "<H", 0, "size 0"),
        (GEOMETRY + POOL_H, "<H", 0, "size 0"),
        (GEOMETRY + KERNEL_W, "<H", 0, "size 0"),
        (GEOMETRY + KERNEL_W, "<H", 3, ""),
        (GEOMETRY + KERNEL_W, "<H", 0xFFFF, "beyond"),
        (GEOMETRY + STRIDE_W, "<H", 0, "size 0"),
        (GEOMETRY + OUT_H, "<H", 0, "size 0"),
        (GEOMETRY + OUT_H, "<H", 0xFFFF, "12 neurons"),
    ],
)
def test_lif_impossible_convolution_is_refused(tmp_path, offset, form, value, word):
    assert_refused(patched(LOOKING, offset, form, value), tmp_path, word)


def test_lif_truncated_geometry_is_refused(tmp_path):
    assert_refused(resealed(LOOKING[: GEOMETRY + 8]), tmp_path, "beyond")


def test_lif_layers_that_do_not_chain_are_refused(tmp_path):
    wrong = small()
    wrong.layers[1] = Layer(weights=np.ones((4, 2), np.int8))
    assert_refused(lif_file.to_bytes(wrong), tmp_path, "takes 4 inputs, but 3 come")


def test_lif_wrong_number_of_classes_is_refused(tmp_path):
    wrong = small()
    wrong.classes = ("a", "b", "c")
    assert_refused(lif_file.to_bytes(wrong), tmp_path, "2 neurons for 3 classes")


def test_lif_class_names_that_are_no_text_are_refused(tmp_path):
    assert_refused(patched(SMALL, CLASSES, "<B", 0xFF), tmp_path)


def test_lif_leak_above_255_is_refused_by_host(tmp_path):
    d = SECOND_LAYER + tables.LAYER_SIZE + 4
    assert SMALL[d] == 16
    (tmp_path / "net.lif").write_bytes(patched(SMALL, d, "<h", 256))
    with pytest.raises(SpikeletError, match=r"net\.lif.* d is 256"):
        load_network(tmp_path / "net.lif")


def test_lif_scaling_of_other_channels_is_refused(tmp_path):
    scaled = small()
    scaled.scaling = Scaling(np.ones(3, np.int32), np.ones(3, np.int32), 0)
    assert_refused(lif_file.to_bytes(scaled), tmp_path)


def test_load_network_missing_file_is_named(tmp_path):
    with pytest.raises(SpikeletError, match=r"nowhere\.lif: No such file"):
        load_network(tmp_path / "nowhere.lif")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": np.zeros((2, 3), np.int16)}, "int16"),
        ({"weights": np.zeros(6, np.int8)}, "[fan-in, neurons]"),
        ({"weights": np.zeros((0, 3), np.int8)}, "(0, 3)"),
        ({"theta": [1, 2]}, "theta"),
        ({"theta": 1.5}, "theta"),
        ({"bias": 0x8000}, "32768"),
        ({"low": -0x8001}, "-32769"),
        ({"d": 256}, "0..255"),
        ({"d": [0, 0, -1]}, "0..255"),
        ({"gain": 8}, "0..7"),
        ({"r": 16}, "8..15"),
        ({"current_d": 256}, "current_d is 256"),
        ({"current_r": 7}, "current_r is 7"),
        ({"recurrent": np.zeros((2, 3), np.int8)}, "[3, 3]"),
        ({"recurrent": np.zeros((3, 3))}, "int8"),
        ({"geometry": Geometry((1, 2), 1, (1, 2), (1, 1)), "recurrent": np.zeros(9)}, "recurrent"),
        ({"geometry": Geometry((1, 4), 1, (1, 3), (1, 2))}, "3"),
        ({"reset": "zero"}, "subtract, set"),
    ],
)
def test_layer_impossible_fields_are_refused(fields, words):
    with pytest.raises(SpikeletError) as error:
        Layer(**{"weights": np.ones((2, 3), np.int8), **fields})
    assert words in str(error.value)
