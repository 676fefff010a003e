"""Test readers of .lif files with random bytes: one kind of error, valid tables."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lif_files import resealed
from random_networks import random_network

from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikert.kernels import convolution_patches as patches
from spikert.network import tables

# Recurrent layers, currents, convolutions with strides and pooling.
SEEDS = (0, 4, 7, 16, 17)
FILES = {seed: lif_file.to_bytes(random_network(seed)) for seed in SEEDS}
# Parts of a convolution whose places are all checked.
MOST_PARTS = 10_000
thorough = settings(derandomize=True, max_examples=400, deadline=None)


def read_by_both(data: bytes) -> None:
    """Read the bytes as board and as host; only their documented errors are allowed."""
    try:
        table = tables.Tables(data)
    except tables.TableError:
        table = None
    else:
        assert_within(table)
    try:
        read = lif_file.from_bytes(data)
    except (tables.TableError, SpikeletError):
        return
    assert table is not None
    assert [(layer.inputs, layer.neurons, layer.maps) for layer in read.layers] == [
        (layer.inputs, layer.neurons, layer.maps) for layer in table.layers
    ]
    again = lif_file.from_bytes(lif_file.to_bytes(read))
    assert all(
        np.array_equal(a.weights, b.weights) for a, b in zip(again.layers, read.layers, strict=True)
    )


def assert_within(table: tables.Tables) -> None:
    """Check that kernels follow no offset beyond the end of the file."""
    for layer in table.layers:
        ends = [offset + 2 * entries for offset, entries in layer.where.values()]
        rows = layer.inputs + (layer.neurons if layer.recurrent else 0)
        ends += [layer.end, layer.weights + (0 if layer.geometry else rows * layer.stride)]
        assert max(ends) <= len(table.data) - tables.CRC_SIZE
        assert layer.weights % 4 == 0
        for name in tables.PARAMETERS:
            assert len(layer.parameter(name)) in (1, layer.maps)
        if layer.geometry:
            assert_patches_within(layer)


def assert_patches_within(layer: tables.LayerTable) -> None:
    """Check that every patch lies in its part of the weights, and among the neurons."""
    g = layer.geometry
    if g.stride_h * g.stride_w > MOST_PARTS:
        return
    parts = np.array(g.parts()).reshape(g.stride_h, g.stride_w, 3)
    sizes = parts[..., 0] * parts[..., 1]
    assert parts[..., 2].ravel().tolist() == np.cumsum([0, *sizes.ravel()])[:-1].tolist()
    assert sizes.sum() == g.kernel_h * g.kernel_w
    for places, lengths, out in (
        (patches.rows(g, g.parts()), parts[:, 0, 0], g.out_h),
        (patches.columns(g, g.parts()), parts[0, :, 1], g.out_w),
    ):
        first, count, part, skipped = np.array(places).reshape(-1, patches.PLACE).T
        assert (first + count <= out).all()
        assert (part < len(lengths)).all()
        assert (skipped + count <= lengths[part])[count > 0].all()


@thorough
@given(st.binary(max_size=200), st.booleans())
@example(b"", False)
def test_readers_survive_random_bytes(data, headed):
    if headed and len(data) > 12:
        data = resealed(tables.MAGIC + bytes([tables.VERSION, 0, 0, 0]) + data)
    read_by_both(data)


@thorough
@given(st.sampled_from(sorted(FILES)), st.data())
def test_readers_survive_changes_with_valid_checksum(seed, draw):
    changed = bytearray(FILES[seed])
    for _ in range(draw.draw(st.integers(1, 4))):
        # Half of the changes go to the header and the first layer's, which have the most checks.
        most = draw.draw(st.sampled_from([130, len(changed) - 1]))
        changed[draw.draw(st.integers(0, most))] = draw.draw(st.integers(0, 255))
    read_by_both(resealed(bytes(changed)))


@thorough
@given(st.sampled_from(sorted(FILES)), st.data())
def test_readers_survive_cuts_and_insertions_with_valid_checksum(seed, draw):
    data = FILES[seed]
    place = draw.draw(st.integers(12, len(data)))
    removed = draw.draw(st.integers(0, 40))
    added = draw.draw(st.binary(max_size=40))
    read_by_both(resealed(data[:place] + added + data[place + removed :]))
