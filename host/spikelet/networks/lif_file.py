"""Read and write .lif files, the file format of integer networks.

firmware/spikert/network/tables.py describes the format.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.inputs.scaling import Scaling
from spikelet.networks import lif_layers
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikert.network import tables

# The beginning of a graph's file.
HDF5 = b"\x89HDF"


def load_network(path: str | Path) -> Network:
    """Return the network in a .lif file.

    Raises
    ------
    SpikeletError
        If the file cannot be read, is damaged, or newer than this version of Spikelet.
    """
    data = files.read(path)
    if data.startswith(HDF5):
        raise UsageError(f"{path} is a graph; make a .lif file of it with spikelet convert")
    try:
        network = from_bytes(data)
        check_answer_size(network)
        return network
    except tables.TableError as error:
        hint = "; convert the graph again with this version" if "format" in str(error) else ""
        raise RefusedInput(f"{path} is not usable: {error}{hint}") from None
    except SpikeletError as error:
        raise RefusedInput(f"{path} is not usable: {error}") from None


def save_network(network: Network, path: str | Path) -> None:
    """Write the network to a .lif file, whole or not at all.

    Raises
    ------
    SpikeletError
        If the network could not be read back, or the file cannot be written.
    """
    data = to_bytes(network)
    try:
        from_bytes(data)
    except tables.TableError as error:
        raise SpikeletError(f"{path} was not written: {error}") from None
    with files.replacing(path) as temporary:
        temporary.write_bytes(data)


def from_bytes(data: bytes) -> Network:
    """Return the network in the bytes of a .lif file.

    Raises
    ------
    tables.TableError
        If the bytes are no .lif file.
    """
    table = tables.Tables(data)
    return Network(
        encoder=table.encoder,
        steps=table.steps,
        readout=table.readout,
        classes=table.classes,
        layers=[lif_layers.from_table(data, layer) for layer in table.layers],
        source_sha256=bytes(table.sha256),
        scaling=_scaling(data, table),
        encoder_parameter=table.parameter,
        stream=StreamWindow(table.window, table.hop) if table.hop else None,
    )


def to_bytes(network: Network) -> bytes:
    """Return the network as the bytes of a .lif file; see tables.py."""
    names = "\n".join(network.classes).encode()
    offset, scale, shift = _scaling_fields(network.scaling)
    body = offset.astype("<i4").tobytes() + scale.astype("<i4").tobytes()
    body += lif_layers.padded(names) + b"".join(
        lif_layers.layer_to_bytes(layer) for layer in network.layers
    )
    size = tables.HEADER_SIZE + len(body) + tables.CRC_SIZE
    header = struct.pack(
        tables.HEADER,
        tables.MAGIC,
        tables.VERSION,
        network.encoder_parameter,
        size,
        network.source_sha256,
        network.channels,
        network.steps,
        network.stream.hop if network.stream else 0,
        network.stream.window if network.stream else 0,
        len(scale),
        tables.ENCODERS.index(network.encoder),
        tables.READOUTS.index(network.readout),
        len(network.layers),
        shift,
        len(names),
    )
    data = header + body
    return data + struct.pack("<I", zlib.crc32(data))


def crc(network: Network) -> int:
    """Return the CRC-32 at the end of a network's .lif file; a board reports it as its network."""
    (value,) = struct.unpack("<I", to_bytes(network)[-tables.CRC_SIZE :])
    return int(value)


def _scaling_fields(scaling: Scaling | None) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return offset, scale and shift; without a scaling they have no channels."""
    if scaling is None:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), 0
    return scaling.offset, scaling.scale, scaling.shift


def _scaling(data: bytes, table: tables.Tables) -> Scaling | None:
    if not table.scales:
        return None
    both = np.frombuffer(data, "<i4", 2 * table.scales, table.scaling).astype(np.int32)
    return Scaling(both[: table.scales], both[table.scales :], table.shift)
