"""The public library: each verb as a function of values.

    net = spikelet.train(x, y, hidden=64)
    table, report = spikelet.convert(net)
    with spikelet.Board("pico") as board:
        board.flash(table)
        print(board.verify(table, x, y))
        for turn in board.monitor():
            print(turn.answer)

Functions here do not print and do not use `argparse`. Progress and the text of a board go to
callbacks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spikelet.boards import catalogue, resolve, sensor_settings
from spikelet.boards.port import Port
from spikelet.conversion import weight_storage
from spikelet.conversion.convert import LayerReport
from spikelet.conversion.convert import convert_network as convert_graph
from spikelet.conversion.quantisation import BITS
from spikelet.errors import RefusedInput, SpikeletError, UsageError
from spikelet.flashing import flash, held_network
from spikelet.flashing.flash import FlashReport, Progress, ignore_progress
from spikelet.graphs.file import read_graph, read_with_sha256, write_graph
from spikelet.inputs import dataset, scaling
from spikelet.inputs.dataset import Dataset
from spikelet.link.session import ignore, open_session
from spikelet.link.turn import Turn
from spikelet.link.verify import Verification, observe, verify
from spikelet.monitoring import watch
from spikelet.monitoring.monitor import Monitor
from spikelet.networks import lif_file, score, trial_samples
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.network import Network
from spikelet.networks.reference import Trace
from spikelet.training.data import Cut, TrainingData, load_training_data
from spikelet.training.options import TrainingOptions
from spikelet.training.train import Progress as TrainingProgress
from spikelet.training.train import train_on

__all__ = [
    "Board",
    "ConversionReport",
    "Cut",
    "Dataset",
    "FlashReport",
    "FloatNetwork",
    "Network",
    "Trace",
    "TrainingOptions",
    "Turn",
    "VerificationReport",
    "convert",
    "load",
    "save",
    "simulate",
    "train",
]

Samples = ArrayLike | Dataset
"""x as an array, or samples with their classes."""


@dataclass(frozen=True, eq=False, repr=False)
class ConversionReport:
    """Scales, bounds and changes of a conversion to integers that fit int16.

    Attributes
    ----------
    bits : int
        Bits of a weight.
    layers : tuple of LayerReport
        For each layer its scale, its bounds and the changes that were needed.
    """

    bits: int
    layers: tuple[LayerReport, ...]

    @property
    def reach(self) -> tuple[int, int]:
        """The least and the largest value of any sum or state, for all inputs."""
        bounds = [layer.bounds.reach for layer in self.layers]
        return min(interval.low for interval in bounds), max(interval.high for interval in bounds)

    @property
    def changes(self) -> tuple[str, ...]:
        """A sentence for each change that was needed to fit int16."""
        return tuple(
            f"layer {number}: {change}"
            for number, layer in enumerate(self.layers)
            for change in layer.changes
        )

    def __repr__(self) -> str:
        low, high = self.reach
        return (
            f"ConversionReport({len(self.layers)} layers, {self.bits} bits, proved: all values stay "
            f"within {low:,}..{high:,}, {len(self.changes)} changes)"
        )


@dataclass(frozen=True, repr=False)
class VerificationReport:
    """The result of comparing a board with the reference.

    Attributes
    ----------
    found : Verification
        All counts, the first difference and the answers of the board.
    accuracy : float or None
        Fraction of correct answers of the board, 0..1; None without labels.
    """

    found: Verification
    accuracy: float | None = None

    @property
    def passed(self) -> bool:
        """Whether all values were compared and all are equal."""
        return self.found.passed

    @property
    def differences(self) -> int:
        """Number of values that differ."""
        return self.found.differences

    @property
    def lost_frames(self) -> int:
        """Number of frames that were lost in spite of retries."""
        return self.found.lost_frames

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        result = self.found
        text = (
            f"{result.samples:,} samples, {result.values:,} values compared: "
            f"{result.differences:,} differences, {result.lost_frames:,} lost frames"
        )
        return text if self.accuracy is None else f"{text}, accuracy {self.accuracy:.2%}"


def train(
    x: Samples | str | Path,
    y: ArrayLike | None = None,
    *,
    hidden: int | Sequence[int] = (64,),
    classes: Sequence[str] | None = None,
    cut: Cut | None = None,
    progress: TrainingProgress | None = None,
    **options: Any,
) -> FloatNetwork:
    """Train a spiking network.

    Parameters
    ----------
    x : uint8[n, channels], uint8[n, samples, channels], int16[n, samples, channels], Dataset or path
        Samples, recordings, raw readings of recordings, or a name that `spikelet train` takes:
        "digits", an .npz file, a folder of recordings. For a name, a fifth is kept as test data.
    y : integers[n] or str[n], optional
        Labels of an array x.
    hidden : int or sequence of int
        Neurons of the hidden layers.
    classes : sequence of str, optional
        Names of the classes; without it the labels themselves.
    cut : Cut, optional
        How to cut a folder of recordings into windows.
    progress : callable, optional
        Called with (epoch, epochs, accuracy) after each epoch.
    **options
        Fields of `spikelet.TrainingOptions`, such as encoder, steps, epochs and seed.

    Returns
    -------
    FloatNetwork

    Raises
    ------
    SpikeletError
        If samples or options do not fit, or training diverges.
    """
    layers = (hidden,) if isinstance(hidden, int) else tuple(hidden)
    if isinstance(x, str | Path):
        _refuse_labels(x, y)
        data = load_training_data(str(x), cut)
    else:
        data = _training_data(_labelled(x, y, classes))
    return train_on(data, _options(hidden=layers, **options), progress).network


def convert(
    network: FloatNetwork | str | Path,
    *,
    bits: int | None = None,
    board: str | None = None,
    samples: Dataset | None = None,
) -> tuple[Network, ConversionReport]:
    """Convert a float network to integers, with the proof that they fit int16.

    Parameters
    ----------
    network : FloatNetwork or path
        A network, or a .nir file that Spikelet wrote.
    bits : int, optional
        Bits of a weight, 3..8. Without it 8; with `board` the fastest number that is as accurate as 8.
    board : str, optional
        A name of `spikelet boards`; weights are stored as that board adds them fastest.
    samples : Dataset, optional
        Samples to choose the storage with; without it samples that fit the network.

    Returns
    -------
    table : Network
    report : ConversionReport

    Raises
    ------
    SpikeletError
        If a layer cannot be made to fit int16.
    """
    sha256 = bytes(32)
    if not isinstance(network, FloatNetwork):
        network, sha256 = read_with_sha256(network)
    if board is None:
        used = BITS[1] if bits is None else bits
        table, reports = convert_graph(network, sha256, used)
        return table, ConversionReport(used, reports)
    chosen = weight_storage.fastest(
        weight_storage.options_for(network, sha256, catalogue.load_board_type(board), samples, bits)
    )
    return chosen.network, ConversionReport(chosen.bits, chosen.reports)


def simulate(network: Network, x: ArrayLike) -> Trace:
    """Run samples through the reference simulator, which computes the same integers as a board.

    Parameters
    ----------
    network : Network
    x : uint8[n, channels], of a stream uint8[n, samples, channels], or raw readings int16

    Returns
    -------
    Trace
        Spikes, membranes and answers.
    """
    return network.simulate(np.asarray(x))


def load(path: str | Path) -> Network | FloatNetwork:
    """Return the network in a .lif file, or the float network in a .nir file.

    Raises
    ------
    SpikeletError
        If the file cannot be read, is damaged, or is newer than this version of Spikelet.
    """
    return read_graph(path) if Path(path).suffix == ".nir" else lif_file.load_network(path)


def save(network: Network | FloatNetwork, path: str | Path) -> None:
    """Write a network to a .lif file, or a float network to a .nir file.

    Raises
    ------
    SpikeletError
        If the suffix is wrong for this kind of network, or the file cannot be written.
    """
    suffix = ".lif" if isinstance(network, Network) else ".nir"
    if Path(path).suffix != suffix:
        kind = "an integer network" if suffix == ".lif" else "a float network"
        raise UsageError(f"{path} was not written: the name for {kind} must end with {suffix}")
    if isinstance(network, Network):
        lif_file.save_network(network, path)
    else:
        write_graph(network, path)


@dataclass(eq=False)
class Board:
    """A board, real or without hardware.

    Parameters
    ----------
    port : str, optional
        Any spelling of `--port`: "virtual", "unix", "qemu:m3", "pico", "auto", "/dev/ttyACM0", "COM3".
        Without it the only attached board, or the virtual board if none is attached.
    kernel : str
        The kernel that steps layers; empty for the fastest of the board.
    log : callable
        Called with the text that the board prints.

    Raises
    ------
    SpikeletError
        If there is no such board, or several are attached and none is named.
    """

    port: str | None = None
    kernel: str = ""
    log: Callable[[str], None] = field(default=ignore, repr=False)

    def __post_init__(self) -> None:
        self._port: Port = resolve.resolve_or_default(self.port)
        self.port = self._port.name

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Return at once; each method opens and closes the board itself."""

    @property
    def network(self) -> Network:
        """The network that the board has in use."""
        return held_network.read_held_network(self._port)[0]

    def flash(
        self,
        network: Network,
        *,
        sensor: str | None = None,
        rate: float | None = None,
        recording: Dataset | None = None,
        small: bool = False,
        rom: bool = False,
        progress: Progress = ignore_progress,
    ) -> FlashReport:
        """Write the runtime and a network to the board: stage, try, activate.

        Parameters
        ----------
        network : Network
        sensor : str, optional
            The sensor that the board reads, as `--sensor` spells it.
        rate : float, optional
            Samples per second of the sensor.
        recording : Dataset, optional
            Samples that the board replays by itself.
        small : bool
            Send only the modules that this network and its sensor need.
        rom : bool
            Write into the ROM partition of the board.
        progress : callable
            Called with (bytes done, bytes in all).

        Raises
        ------
        SpikeletError
            If the board has too little memory or cannot load the network; it keeps the old network.
        """
        settings = None if sensor is None else sensor_settings.parse_settings(sensor, rate)
        extra = flash.payload(network, recording=recording, sensor=settings)
        prepared = flash.prepare(self._port, network, extra, small=small, rom=rom)
        return flash.write_files(prepared, progress=progress, log=self.log)

    def verify(
        self,
        network: Network,
        x: Samples | None = None,
        y: ArrayLike | None = None,
        *,
        progress: Progress = ignore_progress,
    ) -> VerificationReport:
        """Run samples on the board and compare every spike and membrane with the reference.

        Parameters
        ----------
        network : Network
            The network that the board must hold.
        x : uint8[n, channels], of a stream uint8[n, samples, channels], int16 readings or Dataset
            Without it the test part of the digits if it fits, or else seeded random samples.
        y : integers[n] or str[n], optional
            Labels to compute the accuracy with.
        progress : callable
            Called with (turns done, turns in all).

        Raises
        ------
        SpikeletError
            If the board holds another network, or stops answering.
        """
        samples = trial_samples.fitting(network, None)
        if x is not None:
            samples = _labelled(x, y, network.classes)
        with open_session(self._port, network, self.kernel, log=self.log) as (link, _):
            verification = verify(link, network, samples.x, progress)
        if not samples.classes:
            return VerificationReport(verification)
        answers = verification.answers.reshape(len(samples), -1)
        return VerificationReport(
            verification, score.accuracy(score.whole_windows(network, answers), samples)
        )

    def run(self, network: Network, x: ArrayLike) -> Iterator[Turn | None]:
        """Run samples on the board; yield each turn, or None for a lost one.

        Parameters
        ----------
        network : Network
            The network that the board must hold.
        x : array_like
            As for `verify`.
        """
        with open_session(self._port, network, self.kernel, log=self.log) as (link, _):
            for _, turn in observe(link, network, np.asarray(x)):
                yield turn

    def monitor(
        self,
        turns: int | None = None,
        *,
        check: bool = False,
        replay: bool = False,
        record: str | Path | None = None,
    ) -> Iterator[Turn]:
        """Yield the turns of the board's sensor, or of the recording that was flashed with the network.

        The board may disconnect and reconnect meanwhile. Lost turns are left out.

        Parameters
        ----------
        turns : int, optional
            End after this number of turns.
        check : bool
            Compare every spike with the reference.
        replay : bool
            Use the recording even if there is a sensor.
        record : path, optional
            The path of the journal to write.

        Raises
        ------
        SpikeletError
            If the board holds no network; with `check` also at the first value that differs.
        """
        network, flashed = held_network.read_held_network(self._port)
        source = watch.source(network, flashed, replay=replay)
        options: dict[str, Any] = {"kernel": self.kernel, "check": check, "record": record}
        with (
            Monitor(self._port, network, source, log=self.log, **options) as monitor,
            contextlib.closing(monitor.events(turns)) as events,
        ):
            for event in events:
                if check and monitor.found.first is not None:
                    raise SpikeletError(f"{self.port}: {monitor.found.first}")
                if isinstance(event, Turn):
                    yield event


def _options(**options: Any) -> TrainingOptions:
    """Return training options; raise SpikeletError for an unknown name."""
    known = set(TrainingOptions.__dataclass_fields__)
    if unknown := sorted(options.keys() - known):
        raise UsageError(
            f"{unknown[0]} is no option of training; known are {', '.join(sorted(known))}"
        )
    return TrainingOptions(**options)


def _refuse_labels(name: str | Path, y: ArrayLike | None) -> None:
    if y is not None:
        raise UsageError(f"{name} brings its own labels; leave out y")


def _labelled(x: Samples, y: ArrayLike | None, classes: Sequence[str] | None) -> Dataset:
    """Return samples with their labels; convert names of classes to indices."""
    if isinstance(x, Dataset):
        _refuse_labels(x.name, y)
        return x
    array = np.asarray(x)
    if y is None:
        return Dataset(array, np.full(array.shape[:1], dataset.UNLABELLED, np.int64), (), "x")
    labels = np.asarray(y)
    if labels.dtype.kind == "U":
        return _named(array, labels, classes)
    if labels.dtype.kind not in "iu":
        raise RefusedInput(f"y is {labels.dtype}; it must be integers or names of classes")
    if classes is None:
        classes = tuple(str(number) for number in range(int(labels.max(initial=0)) + 1))
    return Dataset(array, labels.astype(np.int64), tuple(classes), "x")


def _named(x: NDArray[Any], labels: NDArray[np.str_], classes: Sequence[str] | None) -> Dataset:
    """Return samples whose labels are names of classes."""
    known = tuple(map(str, np.unique(labels))) if classes is None else tuple(classes)
    strange = sorted(set(map(str, labels)) - set(known))
    if strange:
        raise RefusedInput(f"y holds {strange[0]!r}; the classes are {', '.join(known)}")
    return Dataset(x, np.array([known.index(name) for name in labels], np.int64), known, "x")


def _training_data(samples: Dataset) -> TrainingData:
    """Return all samples as training data; scale raw readings to x."""
    if samples.x.dtype == np.uint8:
        return TrainingData(samples, samples)
    fitted = scaling.fit_scaling(tuple(samples.x))
    scaled = Dataset(
        fitted.apply(samples.x), samples.y, samples.classes, samples.name, samples.groups
    )
    return TrainingData(scaled, scaled, fitted)
