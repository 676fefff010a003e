"""The integer network, which a board runs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import class_names, encoders
from spikelet.inputs.scaling import Scaling
from spikelet.networks import reference, summary
from spikelet.networks.equality import equal
from spikelet.networks.layer import Layer
from spikelet.networks.protocol import StreamWindow, check_coding


@dataclass(eq=False, repr=False)
class Network:
    """A chain of layers that a board can run.

    Attributes
    ----------
    encoder : str
        A name in tables.ENCODERS; see encoders.py.
    steps : int
        T, steps per sample.
    readout : str
        "count", "max" or "last".
    classes : tuple of str
        Name of each neuron of the last layer.
    layers : list of Layer
        First to last.
    source_sha256 : bytes[32]
        SHA-256 of the graph from which the network was converted.
    scaling : Scaling or None
        Turns raw readings into x. None: x is the reading.
    encoder_parameter : int
        Parameter of the encoder, if it has one; see encoders.py.
    stream : StreamWindow or None
        As in FloatNetwork.

    Raises
    ------
    SpikeletError
        If a field has an impossible value; it names the field.
    """

    encoder: str
    steps: int
    readout: str
    classes: tuple[str, ...]
    layers: list[Layer]
    source_sha256: bytes = bytes(32)
    scaling: Scaling | None = None
    encoder_parameter: int = 0
    stream: StreamWindow | None = None

    def __post_init__(self) -> None:
        class_names.check_names(self.classes)
        check_coding(self)
        if self.readout == "count" and self.layers[-1].theta is None:
            raise UsageError("readout count needs a last layer with a threshold")

    def __eq__(self, other: object) -> bool:
        return equal(self, other) if isinstance(other, Network) else NotImplemented

    # Equal networks are equal in every field, and their arrays may be changed in place.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Network({summary.one_line(self)})"

    def _repr_html_(self) -> str:
        """Return a table for a notebook."""
        return summary.html(self)

    @property
    def inputs(self) -> int:
        """Number of inputs of the first layer."""
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
        """Shape of the readings of one answer: [channels], for a stream [hop, channels]."""
        return (self.stream.hop, self.channels) if self.stream else (self.channels,)

    def turn_bytes(self, readings: NDArray[Any]) -> bytes:
        """Return readings as bytes for a board.

        They are little-endian int16 if the network has a scaling, else uint8.

        Raises
        ------
        SpikeletError
            If the readings have another type or exceed its range.
        """
        kind = np.dtype("<i2" if self.scaling else "u1")
        limits = np.iinfo(kind)
        fits = readings.dtype.kind == kind.kind and readings.size
        if not fits or readings.min() < limits.min or readings.max() > limits.max:
            raise RefusedInput(
                f"readings are {readings.dtype}; a board takes {limits.dtype} for this network"
                + (", and scales them itself" if self.scaling else "")
            )
        return readings.astype(kind).tobytes()

    def turn_readings(self, data: bytes) -> NDArray[Any]:
        """Return the readings in the bytes of a turn, from `turn_bytes`."""
        return np.frombuffer(data, "<i2" if self.scaling else "u1").reshape(self.turn)

    def simulate(self, x: NDArray[Any]) -> reference.Trace:
        """Run samples; see `reference.simulate`."""
        return reference.simulate(self, x)
