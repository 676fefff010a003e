"""The options of a training, with their defaults and limits."""

from dataclasses import dataclass
from typing import Any

from spikelet.conversion import quantisation
from spikelet.errors import UsageError
from spikelet.training.gradients import SURROGATES


@dataclass(frozen=True)
class TrainingOptions:
    """Options for the training of a spiking network.

    Leaks are 1 - d / 2**r with d 0..255 and r 8..15, which the integers can represent.

    Attributes
    ----------
    hidden : tuple of int
        Neurons of each dense hidden layer.
    convolutions, shape : str
        Convolutions before the dense layers, and the shape of their image; see topology.py.
    recurrent : bool
        Feed the spikes of dense hidden layers back to them one step later.
    current : float or None
        Share kept per step by the synaptic current of hidden layers; None: no current.
    encoder, reset, readout : str
        As in FloatNetwork; "count" gives the last layer a threshold.
    encoder_parameter : int or None
        As in inputs/encoders.py; None: the encoder's default.
    steps : int
        As in FloatNetwork.
    beta, readout_beta : float
        Share of the membrane kept per step by hidden layers and by the last layer.
    slowest_beta : float or None
        Share of the membrane kept by the slowest map of each hidden layer. Time constants are then
        spread evenly on a log scale, from that of `beta`. None: all maps have `beta`.
    learn_leaks : bool
        Train the leaks of membranes and currents.
    hop : int or None
        Samples between two answers of a stream; None: the length of a recording.
    epochs : int
        Maximum number of passes over the samples.
    batch : int
        Samples in a batch.
    patience : int
        Epochs without progress after which training stops.
    learning_rate : float
        Adam's rate at the start; it falls to 0 along a cosine over the epochs.
    weight_decay : float
        AdamW's weight decay.
    spike_penalty, label_smoothing : float
        As in gradients.Loss.
    surrogate : str
        Surrogate for a spike's derivative, one of gradients.SURROGATES.
    bits : int or None
        3..8: train the weights for this number of bits, with rounding. None: do not round.
    augment : bool
        Change the samples a little, differently in each epoch: images as in image_augmentation.py,
        recordings as in motion_augmentation.py.
    middle : int or None
        x of a reading of 0, 0..255, about which recordings are rotated and scaled. None: 128, or
        the x that the scaling of the readings gives.
    balance : bool
        Give all classes the same weight, independent of their number of samples.
    validation_fraction : float
        Share of the samples that decides which epoch was best.
    seed : int
        Seed of the first weights and of the order of samples.

    Raises
    ------
    SpikeletError
        If an option is out of range; the message names it.
    """

    hidden: tuple[int, ...] = (64,)
    convolutions: str = ""
    shape: str = ""
    recurrent: bool = False
    current: float | None = None
    encoder: str = "direct"
    encoder_parameter: int | None = None
    steps: int = 4
    reset: str = "subtract"
    readout: str = "max"
    beta: float = 0.875
    readout_beta: float = 0.875
    slowest_beta: float | None = None
    learn_leaks: bool = False
    hop: int | None = None
    epochs: int = 100
    batch: int = 32
    patience: int = 40
    learning_rate: float = 5e-3
    weight_decay: float = 0.2
    spike_penalty: float = 1e-3
    label_smoothing: float = 0.1
    surrogate: str = "fast-sigmoid"
    bits: int | None = None
    augment: bool = False
    middle: int | None = None
    balance: bool = False
    validation_fraction: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "patience"):
            _check_range(name, getattr(self, name), 1, 1_000_000)
        for width in self.hidden:
            _check_range("hidden", width, 1, 65535)
        for name in ("weight_decay", "spike_penalty", "seed"):
            _check_range(name, getattr(self, name), 0, 2**63 - 1)
        _check_range("learning_rate", self.learning_rate, 1e-9, 10)
        _check_range("label_smoothing", self.label_smoothing, 0, 1)
        _check_range("validation_fraction", self.validation_fraction, 0.01, 0.9)
        if self.surrogate not in SURROGATES:
            raise UsageError(
                f"surrogate is {self.surrogate!r}; it must be one of {', '.join(SURROGATES)}"
            )
        if self.bits is not None:
            quantisation.largest(self.bits)
        if self.hop is not None:
            _check_range("hop", self.hop, 1, 65535)
        if self.middle is not None:
            _check_range("middle", self.middle, 0, 255)
        for name in ("beta", "readout_beta", "current"):
            if getattr(self, name) is not None:
                _check_leak(name, getattr(self, name))
        if self.slowest_beta is not None and not 0 < self.beta < self.slowest_beta < 1:
            raise UsageError(
                f"slowest_beta is {self.slowest_beta}; it must lie above beta, {self.beta}, and below 1"
            )


AUGMENTED: dict[str, Any] = {
    "augment": True,
    "epochs": 300,
    "patience": 300,
    "batch": 64,
    "weight_decay": 0.05,
}
"""Defaults with `augment`: samples that differ in every epoch allow a longer training."""

CONVOLVED: dict[str, Any] = {"spike_penalty": 1e-4}
"""Defaults for convolutions, whose many neurons each spike for a small part of the image."""


def _check_range(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise UsageError(f"{name} is {value}; it must be {lowest}..{highest}")


def _check_leak(name: str, beta: float) -> None:
    """Refuse a leak that no integers d and r represent."""
    _check_range(name, beta, 0, 1)
    for r in range(8, 16):
        d = (1 - beta) * 2**r
        if d == int(d) <= 255:
            return
    raise UsageError(
        f"{name} is {beta}; it must be 1 - d / 2**r with d 0..255 and r 8..15, for instance 0.875"
    )
