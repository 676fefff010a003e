"""The interface of float and integer networks: their inputs, streams and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import RefusedInput, UsageError
from spikelet.inputs import encoders
from spikelet.inputs.scaling import Scaling
from spikert.network.tables import READOUTS

MAX_STEPS = 0xFFFF


@dataclass(frozen=True)
class StreamWindow:
    """The intervals of the answers of a stream, whose state lasts from sample to sample.

    Until the first window is full, an answer uses the samples so far.

    Attributes
    ----------
    window : int
        Number of samples that an answer uses, a multiple of hop.
    hop : int
        Number of samples from one answer to the next.

    Raises
    ------
    SpikeletError
        If the window is not a multiple of the hop, or a field is out of range.
    """

    window: int
    hop: int

    def __post_init__(self) -> None:
        if not 1 <= self.hop <= self.window <= MAX_STEPS or self.window % self.hop:
            raise UsageError(
                f"hop is {self.hop} samples in a window of {self.window}; "
                f"the window must be a multiple of the hop, at most {MAX_STEPS}"
            )


class NetworkProtocol(Protocol):
    """The common fields of float and integer networks; see FloatNetwork."""

    @property
    def encoder(self) -> str: ...  # noqa: D102
    @property
    def encoder_parameter(self) -> int: ...  # noqa: D102
    @property
    def steps(self) -> int: ...  # noqa: D102
    @property
    def readout(self) -> str: ...  # noqa: D102
    @property
    def inputs(self) -> int: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102
    @property
    def stream(self) -> StreamWindow | None: ...  # noqa: D102
    @property
    def scaling(self) -> Scaling | None: ...  # noqa: D102


def check_coding(network: NetworkProtocol) -> None:
    """Raise SpikeletError unless encoder, first layer, readout and steps fit together."""
    encoders.check_encoder(network.encoder, network.encoder_parameter)
    if network.readout not in READOUTS:
        raise UsageError(f"readout is {network.readout!r}; it must be one of {', '.join(READOUTS)}")
    if not 1 <= network.steps <= MAX_STEPS:
        raise UsageError(f"steps is {network.steps}; it must be in 1..{MAX_STEPS}")
    if network.stream and network.stream.hop * network.steps > MAX_STEPS:
        raise UsageError(
            f"an answer every {network.stream.hop} samples of {network.steps} steps takes "
            f"{network.stream.hop * network.steps} steps; at most {MAX_STEPS} fit"
        )
    if network.encoder == "delta" and network.stream is None:
        raise UsageError(
            "encoder delta encodes changes from sample to sample; "
            "it needs a stream, and is silent in a network that starts anew with each"
        )
    if network.encoder == "delta" and network.inputs % 2:
        raise RefusedInput(
            f"the first layer has {network.inputs} inputs; "
            "encoder delta has two for each channel, so it needs an even number"
        )


def check_samples(x: NDArray[Any], network: NetworkProtocol) -> NDArray[np.uint8]:
    """Return samples as encoder inputs; scale raw readings.

    Parameters
    ----------
    x : uint8[n, channels] or uint8[n, samples, channels]
        Three dimensions for a stream, with a whole number of hops. If the network has a scaling,
        signed integers are raw readings.
    network : NetworkProtocol

    Returns
    -------
    uint8[n, channels] or uint8[n, samples, channels]

    Raises
    ------
    SpikeletError
        If dtype, shape, channels or number of samples does not fit the network.
    """
    stream, channels = network.stream, network.channels
    shape = f"[n, samples, {channels}]" if stream else f"[n, {channels}]"
    raw = network.scaling is not None and x.dtype.kind == "i"
    if (
        not (raw or x.dtype == np.uint8)
        or x.ndim != (3 if stream else 2)
        or x.shape[-1] != channels
    ):
        raise RefusedInput(
            f"x is {x.dtype} of shape {x.shape}; this network takes uint8{shape}"
            + (f", or raw readings int16{shape}" if network.scaling else "")
        )
    if stream and (not x.shape[1] or x.shape[1] % stream.hop):
        raise RefusedInput(
            f"x has {x.shape[1]} samples; this network answers every {stream.hop}, "
            "so give it a multiple of that"
        )
    return network.scaling.apply(x) if raw and network.scaling else x
