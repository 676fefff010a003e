"""Tables of networks: host and board read the same, and a proved network stays within int16."""

import numpy as np
from lif_files import resealed
from random_networks import random_inputs, random_network

from spikelet.errors import RefusedInput, SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikelet.networks.proof import check_proof
from spikert.kernels import convolution_patches as patches
from spikert.network import tables

# Recurrent layers, currents, convolutions with strides and pooling.
SEEDS = (0, 4, 7, 16, 17)
FILES = {seed: lif_file.to_bytes(random_network(seed)) for seed in SEEDS}
# Parts of a convolution whose places are all checked.
MOST_PARTS = 10_000
# Neurons times steps of a network that is also simulated.
MOST_VALUES = 20_000


def seeds() -> list[bytes]:
    """Return the files to change."""
    return list(FILES.values())


def repaired(data: bytes) -> bytes:
    """Return a file with the checksum and the size of its content, so that its parts are read."""
    return resealed(data) if len(data) > tables.HEADER_SIZE else data


def check(data: bytes) -> None:
    """Read the bytes; a network that is accepted must do as its proof says."""
    network = read_by_both(data)
    if network is None:
        return
    try:
        check_answer_size(network)
        check_proof(network)
    except RefusedInput:
        return
    neurons = sum(layer.neurons for layer in network.layers) + network.inputs
    if neurons * network.turn_steps <= MOST_VALUES and network.scaling is None:
        # It raises an error if a value leaves int16.
        network.simulate(random_inputs(network, 0, 1))


def read_by_both(data: bytes) -> Network | None:
    """Return the network; read it as board and as host, with only their documented errors."""
    try:
        table = tables.Tables(data)
    except tables.TableError:
        table = None
    else:
        assert_within(table)
    try:
        read = lif_file.from_bytes(data)
    except (tables.TableError, SpikeletError):
        return None
    assert table is not None
    assert [(layer.inputs, layer.neurons, layer.maps) for layer in read.layers] == [
        (layer.inputs, layer.neurons, layer.maps) for layer in table.layers
    ]
    again = lif_file.from_bytes(lif_file.to_bytes(read))
    assert all(
        np.array_equal(a.weights, b.weights) for a, b in zip(again.layers, read.layers, strict=True)
    )
    return read


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
