"""The integer network: int8 weights and int16 parameters, as it stands in a .lif file."""

import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelet import encoding, files, reference
from spikelet.bounds import INT16_MAX, INT16_MIN
from spikelet.errors import SpikeletError
from spikelet.float_network import MAX_STEPS, RESETS
from spikert import tables


@dataclass(eq=False)
class Layer:
    """A dense layer of integer leaky integrate-and-fire neurons.

    weights    int8[inputs, neurons]
    gain       int, 0..7: the weighted sum is shifted left by it
    bias       int16[neurons], added to the drive
    d, r       int16[neurons] 0..255 and int 8..15: in each step V loses (V * d) >> r
    low        int16[neurons], V is never below it; None: no floor
    theta      int16[neurons], a neuron fires at V >= theta; None: it never fires
    rho        int16[neurons], what V loses on firing where reset is "subtract"
    v_reset    int16[neurons], what V becomes on firing where reset is "set"
    v_start    int16[neurons], V before the first step
    Parameters may be given as one number for all neurons. Raises SpikeletError naming the field
    whose shape or value is not possible.
    """

    weights: NDArray[np.int8]
    theta: Any = None
    gain: int = 0
    bias: Any = 0
    d: Any = 0
    r: int = 8
    low: Any = None
    rho: Any = 0
    v_reset: Any = 0
    reset: str = "subtract"
    v_start: Any = 0

    def __post_init__(self) -> None:
        if self.weights.dtype != np.int8 or self.weights.ndim != 2 or not self.weights.size:
            raise SpikeletError(
                f"weights are {self.weights.dtype}{list(self.weights.shape)}; "
                "they must be int8[inputs, neurons]"
            )
        for name in ("bias", "d", "rho", "v_reset", "v_start", "low", "theta"):
            value = getattr(self, name)
            if value is not None:
                setattr(self, name, _int16(name, value, self.neurons))
        for name, value, low, high in (
            ("gain", self.gain, 0, 7),
            ("r", self.r, 8, 15),
            ("d", self.d.min(), 0, 255),
            ("d", self.d.max(), 0, 255),
        ):
            if not low <= value <= high:
                raise SpikeletError(f"{name} is {value}; it must be in {low}..{high}")
        if self.reset not in RESETS:
            raise SpikeletError(f"reset is {self.reset!r}; it must be one of {', '.join(RESETS)}")

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.weights.shape[0]

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.weights.shape[1]


@dataclass(eq=False)
class Network:
    """A chain of layers that a board can run.

    encoder         one of tables.ENCODERS; see encoding.py
    steps           int, T: steps per sample
    readout         "count", "max" or "last"
    classes         a name for each neuron of the last layer
    layers          first to last
    source_sha256   bytes[32], of the graph it was converted from
    offset, scale   int32[0], [1] or [channels]: x = ((raw - offset) * scale) >> shift, kept in
    shift           0..255, from a sensor's raw reading; empty arrays where x is the reading
    encoder_parameter  of those encoders that have one, see encoding.py
    Raises SpikeletError naming the field whose value is not possible.
    """

    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    layers: list[Layer]
    source_sha256: bytes = bytes(32)
    offset: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    scale: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    shift: int = 0
    encoder_parameter: int = 0

    def __post_init__(self) -> None:
        encoding.check(self.encoder, self.encoder_parameter)
        if self.readout not in tables.READOUTS:
            raise SpikeletError(
                f"readout is {self.readout!r}; it must be one of {', '.join(tables.READOUTS)}"
            )
        if not 1 <= self.steps <= MAX_STEPS:
            raise SpikeletError(f"steps is {self.steps}; it must be in 1..{MAX_STEPS}")
        if self.readout == "count" and self.layers[-1].theta is None:
            raise SpikeletError("readout count needs a last layer with a threshold")

    @property
    def channels(self) -> int:
        """Number of inputs of a sample."""
        return self.layers[0].inputs

    @property
    def crc(self) -> int:
        """The CRC-32 that its .lif file ends with, by which a board says which network it holds."""
        (crc,) = struct.unpack("<I", self.to_bytes()[-tables.CRC_SIZE :])
        return int(crc)

    def simulate(self, x: NDArray[np.uint8]) -> reference.Trace:
        """Run the samples x uint8[n, channels]; see reference.simulate."""
        return reference.simulate(self, x)

    def to_bytes(self) -> bytes:
        """Return the network as the bytes of a .lif file, as tables.py describes it."""
        names = "\n".join(self.classes).encode()
        body = _padded(self.offset.astype("<i4").tobytes() + self.scale.astype("<i4").tobytes())
        body += _padded(names) + b"".join(_layer_bytes(layer) for layer in self.layers)
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
            len(self.scale),
            tables.ENCODERS.index(self.encoder),
            tables.READOUTS.index(self.readout),
            len(self.layers),
            self.shift,
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
    scaling = np.frombuffer(data, "<i4", 2 * table.scales, table.scaling).astype(np.int32)
    return Network(
        encoder=table.encoder,
        steps=table.steps,
        readout=table.readout,
        classes=table.classes,
        layers=[_layer(data, layer) for layer in table.layers],
        source_sha256=bytes(table.sha256),
        offset=scaling[: table.scales],
        scale=scaling[table.scales :],
        shift=table.shift,
        encoder_parameter=table.parameter,
    )


def _layer(data: bytes, table: tables.LayerTable) -> Layer:
    rows = np.frombuffer(data, np.uint8, table.inputs * table.stride, table.weights)
    biased = rows.reshape(table.inputs, table.stride)[:, : table.neurons]
    parameters = {name: np.array(table.parameter(name), np.int16) for name in tables.PARAMETERS}
    if not table.floors:
        parameters.pop("low")
    if not table.fires:
        parameters.pop("theta")
    return Layer(
        weights=(biased.astype(np.int16) - tables.WEIGHT_BIAS).astype(np.int8),
        gain=table.gain,
        r=table.r,
        reset="set" if table.sets else "subtract",
        **parameters,
    )


def _layer_bytes(layer: Layer) -> bytes:
    flags = (
        (tables.SETS if layer.reset == "set" else 0)
        | (tables.FIRES if layer.theta is not None else 0)
        | (tables.FLOORS if layer.low is not None else 0)
    )
    per_neuron, parameters = 0, b""
    for i, name in enumerate(tables.PARAMETERS):
        values = getattr(layer, name)
        values = np.zeros(1, np.int16) if values is None else values
        if (values == values[0]).all():
            values = values[:1]
        else:
            per_neuron |= 1 << i
        parameters += _padded(values.astype("<i2").tobytes())
    head = struct.pack(
        tables.LAYER,
        tables.DENSE,
        flags,
        layer.gain,
        layer.r,
        layer.inputs,
        layer.neurons,
        per_neuron,
        0,
    )
    rows = np.full(
        (layer.inputs, tables.aligned(layer.neurons)), tables.WEIGHT_BIAS, dtype=np.uint8
    )
    rows[:, : layer.neurons] = layer.weights.astype(np.int16) + tables.WEIGHT_BIAS
    return head + parameters + rows.tobytes()


def _padded(data: bytes) -> bytes:
    return data.ljust(tables.aligned(len(data)), b"\0")


def _int16(name: str, value: ArrayLike, neurons: int) -> NDArray[np.int16]:
    """Return `value` as int16[neurons], if it is one number or one for each, all in int16."""
    array = np.asarray(value)
    if array.shape not in ((), (1,), (neurons,)) or array.dtype.kind not in "iu":
        raise SpikeletError(
            f"{name} is {array.dtype}{list(array.shape)}; it must be one int16 or [{neurons}]"
        )
    if array.min() < INT16_MIN or array.max() > INT16_MAX:
        raise SpikeletError(
            f"{name} lies in {array.min()}..{array.max()}; it must fit {INT16_MIN}..{INT16_MAX}"
        )
    return np.broadcast_to(array.astype(np.int16), (neurons,)).copy()
