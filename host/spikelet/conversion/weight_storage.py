"""Choose how a board stores weights: the fastest storage at the same accuracy.

With fewer bits a kernel adds more rows before it must unpack a word of four bytes. 16-bit pairs never
need unpacking, but take twice the space. So 6-bit weights in bytes are often faster than 8-bit ones,
and than pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikelet.boards.catalogue import BoardType
from spikelet.conversion import convert
from spikelet.conversion.convert import LayerReport
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.dataset import Dataset
from spikelet.networks import lif_file, lif_layers, score, synaptic_events, trial_samples
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

BITS = (8, 7, 6, 5, 4)
# Accuracy that fewer bits may lose, compared with 8 bits.
MOST_LOST = 0.001
# Options within this factor of the fewest instructions count as equally fast.
ABOUT_AS_FAST = 1.01
# The key of pairs among the numbers of rows in INSTRUCTIONS.
PAIRS = 0

# Instructions per synaptic event on a Cortex-M3, by the number of rows that can be added in bytes, or
# in pairs. Measured by tools/measure_performance.py, which writes docs/explanation/performance.md.
INSTRUCTIONS = {
    "thumb": {PAIRS: 0.81, 1: 1.31, 2: 1.09, 4: 0.79, 8: 0.70, 16: 0.62},
    "viper": {PAIRS: 3.24, 1: 4.65, 4: 2.81, 8: 2.25},
    "ulab": {PAIRS: 15.4, 1: 15.4, 8: 13.2, 16: 12.2},
    "plain": {PAIRS: 1033.0, 1: 1033.0},
}
# With the direct encoder: instructions per synapse of each input that is not zero, for bytes and for
# pairs. The kernel then holds the drive of a sample.
HELD = {
    "thumb": (3.45, 2.83),
    "viper": (9.90, 9.90),
    "ulab": (15.9, 16.7),
    "plain": (1052.0, 1052.0),
}


@dataclass(frozen=True, eq=False)
class Option:
    """A network with one kind of storage.

    Attributes
    ----------
    bits : int
        Largest number of bits of a weight.
    network : Network
    reports : tuple of LayerReport
        A report of the conversion for each layer.
    instructions : float
        Least number of instructions on a Cortex-M3 for the synaptic events of an average sample.
    accuracy : float or None
        0..1; None if the samples have no classes.
    size : int
        Bytes of the .lif file.
    """

    bits: int
    network: Network
    reports: tuple[LayerReport, ...]
    instructions: float
    accuracy: float | None
    size: int

    @property
    def storage(self) -> str:
        """The storage of the weights of each layer, in words."""
        return ", ".join(_storage(layer) for layer in self.network.layers)


def options(
    graph: FloatNetwork,
    source_sha256: bytes,
    board: BoardType,
    samples: Dataset,
    bits: Sequence[int] = BITS,
) -> list[Option]:
    """Return the options for a board's fastest kernel: bytes and pairs for each number of bits.

    Parameters
    ----------
    graph : FloatNetwork
    source_sha256 : bytes[32]
    board : BoardType
    samples : Dataset
        Samples for accuracy and synaptic events.
    bits : sequence of int
        Numbers of bits to try.

    Raises
    ------
    SpikeletError
        If the network cannot be converted with any number of bits.
    """
    offered, refusal = [], None
    for width in bits:
        try:
            network, reports = convert.convert_network(graph, source_sha256, width)
        except SpikeletError as error:
            refusal = error
            continue
        offered += [
            _option(width, stored, reports, board, samples) for stored in _storages(network, board)
        ]
    if not offered:
        raise refusal or UsageError("no number of bits was given to convert with")
    return offered


def options_for(
    graph: FloatNetwork,
    source_sha256: bytes,
    board: BoardType,
    samples: Dataset | None = None,
    bits: int | None = None,
) -> list[Option]:
    """Return the options for a board's fastest kernel, for all numbers of bits or for one.

    Parameters
    ----------
    graph : FloatNetwork
    source_sha256 : bytes[32]
    board : BoardType
    samples : Dataset, optional
        Samples for accuracy and synaptic events; without it samples that fit the network.
    bits : int, optional
        Bits of a weight; without it all numbers in BITS.
    """
    if samples is None:
        samples = trial_samples.fitting(convert.convert_network(graph, source_sha256)[0], None)
    return options(graph, source_sha256, board, samples, BITS if bits is None else (bits,))


def fastest(offered: Sequence[Option]) -> Option:
    """Return the option with the fewest instructions that is as accurate as the one with most bits.

    It may lose MOST_LOST. If the samples have no classes, only options with the most bits count. Among
    the options that are about as fast the smallest file wins, then the most bits.
    """
    most = max(option.bits for option in offered)
    wide = [option for option in offered if option.bits == most]
    if wide[0].accuracy is None:
        accurate = wide
    else:
        least = max(option.accuracy or 0 for option in wide) - MOST_LOST
        accurate = [option for option in offered if (option.accuracy or 0) >= least - 1e-9]
    enough = ABOUT_AS_FAST * min(option.instructions for option in accurate)
    fast = [option for option in accurate if option.instructions <= enough]
    return min(fast, key=lambda option: (option.size, -option.bits))


def _storages(network: Network, board: BoardType) -> list[Network]:
    """Return the network in bytes and, if it differs and fits the board, in pairs."""
    paired = [_as_pairs(layer) for layer in network.layers]
    if not any(layer.pairs for layer in paired):
        return [network]
    wider = replace(network, layers=paired)
    room = board.ram_free
    return [network, wider] if not room or len(lif_file.to_bytes(wider)) <= room else [network]


def _as_pairs(layer: Layer) -> Layer:
    return layer if layer.geometry else replace(layer, pairs=True)


def _option(
    bits: int,
    network: Network,
    reports: tuple[LayerReport, ...],
    board: BoardType,
    samples: Dataset,
) -> Option:
    trace = network.simulate(samples.x)
    events = synaptic_events.events_of_layers(network, trace)
    direct = network.encoder == "direct"
    each = [
        _instructions(layer, board.kernels[0], direct=direct and number == 0)
        for number, layer in enumerate(network.layers)
    ]
    answers = score.whole_windows(network, trace.answers)
    return Option(
        bits=bits,
        network=network,
        reports=reports,
        instructions=float(np.dot(events, each)) / (samples.x.size // network.channels),
        accuracy=score.accuracy(answers, samples) if samples.classes else None,
        size=len(lif_file.to_bytes(network)),
    )


def _instructions(layer: Layer, kernel: str, *, direct: bool) -> float:
    """Return the instructions per synaptic event of a layer; a convolution has one storage."""
    if direct:
        return HELD[kernel][layer.pairs]
    measured = INSTRUCTIONS[kernel]
    if layer.pairs:
        return measured[PAIRS]
    together = 1 if layer.geometry else lif_layers.together(layer)
    return measured[max(rows for rows in measured if 0 < rows <= together)]


def _storage(layer: Layer) -> str:
    if layer.geometry:
        return "bytes in patches"
    if layer.pairs:
        return "pairs"
    rows = lif_layers.together(layer)
    return f"bytes, {rows} rows together" if rows > 1 else "bytes"
