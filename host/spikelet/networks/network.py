"""The integer network, and its .lif file."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.inputs import encoders
from spikelet.inputs.scaling import Scaling
from spikelet.networks import lif_layers, reference, summary
from spikelet.networks.equality import equal
from spikelet.networks.layer import Layer
from spikelet.networks.protocol import Stream, check_coding
from spikert.network import tables


@dataclass(eq=False, repr=False)
class Network:
    """A chain of layers that a board can run.

    encoder         one of tables.ENCODERS; see encoding.py
    steps           int, T: steps per sample
    readout         "count", "max" or "last"
    classes         a name for each neuron of the last layer
    layers          first to last
    source_sha256   bytes[32], of the graph it was converted from
    scaling         from raw readings to x; None: x is the reading
    encoder_parameter  of those encoders that have one, see encoding.py
    stream          as in FloatNetwork
    Raises SpikeletError naming the field whose value is not possible.
    """

    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    layers: list[Layer]
    source_sha256: bytes = bytes(32)
    scaling: Scaling | None = None
    encoder_parameter: int = 0
    stream: Stream | None = None

    def __post_init__(self) -> None:
        check_coding(self)
        if self.readout == "count" and self.layers[-1].theta is None:
            raise SpikeletError("readout count needs a last layer with a threshold")

    def __eq__(self, other: object) -> bool:
        return equal(self, other) if isinstance(other, Network) else NotImplemented

    # Equal networks are equal in every field, and their arrays may be changed in place.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Network({summary.line(self)})"

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return summary.html(self)

    @property
    def inputs(self) -> int:
        """Number of the first layer's inputs."""
        return self.layers[0].inputs

    @property
    def channels(self) -> int:
        """Number of values of a sample."""
        return self.inputs // encoders.inputs(self.encoder, 1)

    @property
    def turn_steps(self) -> int:
        """Number of steps from one answer to the next."""
        return self.steps * (self.stream.hop if self.stream else 1)

    @property
    def turn(self) -> tuple[int, ...]:
        """Shape of the readings that one answer is given to: [channels], of a stream [hop, channels]."""
        return (self.stream.hop, self.channels) if self.stream else (self.channels,)

    def turn_bytes(self, readings: NDArray[Any]) -> bytes:
        """Return readings as a board takes them: little-endian int16 where it scales them, else uint8.

        Raises SpikeletError if they do not fit.
        """
        kind = np.dtype("<i2" if self.scaling else "u1")
        limits = np.iinfo(kind)
        fits = readings.dtype.kind == kind.kind and readings.size
        if not fits or readings.min() < limits.min or readings.max() > limits.max:
            raise SpikeletError(
                f"readings are {readings.dtype}; a board takes {limits.dtype} for this network"
                + (", and scales them itself" if self.scaling else "")
            )
        return readings.astype(kind).tobytes()

    def turn_readings(self, data: bytes) -> NDArray[Any]:
        """Return the readings in the bytes of a turn, as `turn_bytes` made them."""
        return np.frombuffer(data, "<i2" if self.scaling else "u1").reshape(self.turn)

    @property
    def crc(self) -> int:
        """The CRC-32 that its .lif file ends with, by which a board says which network it holds."""
        (crc,) = struct.unpack("<I", self.to_bytes()[-tables.CRC_SIZE :])
        return int(crc)

    def simulate(self, x: NDArray[Any]) -> reference.Trace:
        """Run the samples x; see reference.simulate."""
        return reference.simulate(self, x)

    def to_bytes(self) -> bytes:
        """Return the network as the bytes of a .lif file, as tables.py describes it."""
        names = "\n".join(self.classes).encode()
        offset, scale, shift = _scaling_fields(self.scaling)
        body = offset.astype("<i4").tobytes() + scale.astype("<i4").tobytes()
        body += lif_layers.padded(names) + b"".join(
            lif_layers.to_bytes(layer) for layer in self.layers
        )
        size = tables.HEADER_SIZE + len(body) + tables.CRC_SIZE
        header = struct.pack(
            tables.HEADER,
            tables.MAGIC,
            tables.VERSION,
            self.encoder_parameter,
            size,
            self.source_sha256,
            self.channels,
            self.steps,
            self.stream.hop if self.stream else 0,
            self.stream.window if self.stream else 0,
            len(scale),
            tables.ENCODERS.index(self.encoder),
            tables.READOUTS.index(self.readout),
            len(self.layers),
            shift,
            len(names),
        )
        data = header + body
        return data + struct.pack("<I", zlib.crc32(data))

    def save(self, path: str | Path) -> None:
        """Write the network to a .lif file, whole or not at all.

        Raises SpikeletError if it could not be read back, or the file cannot be written.
        """
        data = self.to_bytes()
        try:
            from_bytes(data)
        except tables.TableError as error:
            raise SpikeletError(f"{path} was not written: {error}") from None
        with files.replacing(path) as temporary:
            temporary.write_bytes(data)


def load(path: str | Path) -> Network:
    """Return the network in a .lif file.

    Raises SpikeletError, naming the file, if it cannot be read, is damaged, or newer than this
    version of Spikelet.
    """
    data = files.read(path)
    try:
        return from_bytes(data)
    except tables.TableError as error:
        hint = "; convert the graph again with this version" if "format" in str(error) else ""
        raise SpikeletError(f"{path} is not usable: {error}{hint}") from None
    except SpikeletError as error:
        raise SpikeletError(f"{path} is not usable: {error}") from None


def from_bytes(data: bytes) -> Network:
    """Return the network in the bytes of a .lif file; raises tables.TableError."""
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
        stream=Stream(table.window, table.hop) if table.hop else None,
    )


def _scaling_fields(scaling: Scaling | None) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Return offset, scale and shift, of no channels where there is no scaling."""
    if scaling is None:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), 0
    return scaling.offset, scaling.scale, scaling.shift


def _scaling(data: bytes, table: tables.Tables) -> Scaling | None:
    if not table.scales:
        return None
    both = np.frombuffer(data, "<i4", 2 * table.scales, table.scaling).astype(np.int32)
    return Scaling(both[: table.scales], both[table.scales :], table.shift)
