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
from spikelet.networks import lif_layers, provenance
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikelet.networks.protocol import StreamWindow
from spikelet.networks.provenance import Provenance
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
    data = file_bytes(network)
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
    SpikeletError
        If the text behind the tables is invalid.
    """
    size = tables.tables_size(data, len(data))
    table = tables.Tables(data[:size])
    origin = _origin(data[size:]) if table.has_text else None
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
        provenance=origin,
    )


def file_bytes(network: Network) -> bytes:
    """Return the bytes of a .lif file: the tables, and the text on the origin if it is known."""
    data = to_bytes(network)
    if network.provenance is None:
        return data
    text = network.provenance.to_bytes()
    return data + struct.pack(tables.TEXT, len(text), zlib.crc32(text)) + text


def to_bytes(network: Network) -> bytes:
    """Return the tables of a network, all that a board loads; see tables.py."""
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
        tables.VERSION if network.provenance is None else tables.WITH_TEXT,
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
    """Return the CRC-32 at the end of a network's tables; a board reports it as its network."""
    (value,) = struct.unpack("<I", to_bytes(network)[-tables.CRC_SIZE :])
    return int(value)


def _origin(block: bytes) -> Provenance:
    """Return the origin in the text block behind the tables."""
    if len(block) < tables.TEXT_SIZE:
        raise tables.TableError(f"cut short: {len(block)} bytes of text follow its tables")
    size, check = struct.unpack_from(tables.TEXT, block)
    text = block[tables.TEXT_SIZE :]
    if size != len(text):
        raise tables.TableError(f"{len(text)} bytes of text, but its length says {size}")
    if zlib.crc32(text) != check:
        raise tables.TableError("damaged: the CRC-32 of its text is wrong")
    return provenance.parse(text)


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
