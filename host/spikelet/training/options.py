"""How to train: every choice there is, with its default and its limits."""

from dataclasses import dataclass
from typing import Any

from spikelet.conversion import quantisation
from spikelet.errors import SpikeletError
from spikelet.training.gradients import SURROGATES


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    hidden               neurons of each dense hidden layer
    convolutions, shape  convolutions before them, and what their image is; see topology.py
    recurrent            whether dense hidden layers receive their own spikes of the step before
    current              share kept per step by a synaptic current of the hidden layers; None: none
    encoder, steps, reset, readout  as in FloatNetwork; "count" gives the last layer a threshold
    encoder_parameter    as in encoding.py; None: its default
    beta, readout_beta   membrane kept per step by hidden layers and by the last one
    slowest_beta         membrane kept by the slowest map of each hidden layer, where time constants
                         are to be spread evenly, on a log scale, from that of `beta` on
    learn_leaks          whether training changes what membranes and currents keep
    hop                  samples between two answers of a stream; None: as many as in a recording
    epochs, batch        at most so many passes, in batches of so many samples
    patience             epochs without progress after which training stops
    learning_rate        of Adam, at the start; falls to 0 along a cosine over the epochs
    weight_decay         AdamW's
    spike_penalty, label_smoothing  as in Objective
    surrogate            what stands in for a spike's derivative, one of gradients.SURROGATES
    bits                 3..8: weights are trained so that they can be rounded to so many; None:
                         they are not rounded
    augment              whether samples are changed a little, anew in each epoch: images as in
                         augmentation.py, recordings as in motion.py
    middle               x of a reading of 0, about which recordings are turned and scaled, 0..255;
                         None: 128, or the x that the scaling of the readings gives
    balance              whether all classes count alike, however many samples they have
    validation_fraction  share of the samples that decides which epoch was best
    seed                 of the first weights and of the order of samples
    Leaks are 1 - d / 2**r with d 0..255 and r 8..15, which the integers can represent.
    Raises SpikeletError naming the option that is out of range.
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
            raise SpikeletError(
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
            raise SpikeletError(
                f"slowest_beta is {self.slowest_beta}; it must lie above beta, {self.beta}, and below 1"
            )


AUGMENTED: dict[str, Any] = {
    "augment": True,
    "epochs": 300,
    "patience": 300,
    "batch": 64,
    "weight_decay": 0.05,
}
"""Options that go well together: samples that differ in every epoch can be learned for longer."""

CONVOLVED: dict[str, Any] = {"spike_penalty": 1e-4}
"""Options for convolutions, whose many neurons each spike for a small part of the image."""


def _check_range(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise SpikeletError(f"{name} is {value}; it must be {lowest}..{highest}")


def _check_leak(name: str, beta: float) -> None:
    """Refuse what no d and r of the integers give back."""
    _check_range(name, beta, 0, 1)
    for r in range(8, 16):
        d = (1 - beta) * 2**r
        if d == int(d) <= 255:
            return
    raise SpikeletError(
        f"{name} is {beta}; it must be 1 - d / 2**r with d 0..255 and r 8..15, for instance 0.875"
    )
