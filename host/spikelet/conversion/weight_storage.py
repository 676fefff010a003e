"""How a layer's weights are stored for a board: what its kernel adds fastest at the same accuracy.

Weights of fewer bits let a kernel add more rows before it must take a word of four bytes apart;
16-bit pairs never need that, and take twice the room. So 6-bit weights in bytes are often faster
than 8-bit ones, and than pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spikelet.boards.catalogue import Board
from spikelet.conversion import convert
from spikelet.conversion.convert import LayerReport
from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import Dataset
from spikelet.networks import lif_file, lif_layers, score, synaptic_events, trial_samples
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

BITS = (8, 7, 6, 5, 4)
MOST_LOST = 0.001  # of the accuracy that 8 bits have
ABOUT_AS_FAST = 1.01  # times as many instructions as the fastest
PAIRS = 0  # stands for pairs where rows of bytes are counted

# Instructions for each synaptic event on a Cortex-M3, by how many rows can be added in bytes, or in
# pairs. Measured by tools/measure_performance.py, which writes docs/explanation/performance.md.
INSTRUCTIONS = {
    "thumb": {PAIRS: 0.81, 1: 1.31, 2: 1.09, 4: 0.79, 8: 0.70, 16: 0.62},
    "viper": {PAIRS: 3.24, 1: 4.65, 4: 2.81, 8: 2.25},
    "ulab": {PAIRS: 15.4, 1: 15.4, 8: 13.2, 16: 12.2},
    "plain": {PAIRS: 1033.0, 1: 1033.0},
}
# And for each input that is not zero times its synapses, where the direct encoder has them held: of
# bytes and of pairs.
HELD = {
    "thumb": (3.45, 2.83),
    "viper": (9.90, 9.90),
    "ulab": (15.9, 16.7),
    "plain": (1052.0, 1052.0),
}


@dataclass(frozen=True, eq=False)
class Option:
    """A network in one way to store it.

    bits            int, that a weight takes at most
    instructions    float, the least a sample's synaptic events take on a Cortex-M3
    accuracy        float, 0..1, None where the samples have no classes
    size            int, bytes of the .lif file
    """

    bits: int
    network: Network
    reports: tuple[LayerReport, ...]
    instructions: float
    accuracy: float | None
    size: int

    @property
    def storage(self) -> str:
        """How each layer's weights are stored, in words."""
        return ", ".join(_storage(layer) for layer in self.network.layers)


def options(
    graph: FloatNetwork,
    source_sha256: bytes,
    board: Board,
    samples: Dataset,
    bits: Sequence[int] = BITS,
) -> list[Option]:
    """Return what a board's fastest kernel can be given: for each number of bits, bytes and pairs.

    samples    what accuracy and synaptic events are counted on
    Raises SpikeletError if the network cannot be converted at all.
    """
    found, refusal = [], None
    for width in bits:
        try:
            network, reports = convert.convert(graph, source_sha256, width)
        except SpikeletError as error:
            refusal = error
            continue
        found += [
            _option(width, stored, reports, board, samples) for stored in _storages(network, board)
        ]
    if not found:
        raise refusal or SpikeletError("no number of bits was given to convert with")
    return found


def options_for(
    graph: FloatNetwork,
    source_sha256: bytes,
    board: Board,
    samples: Dataset | None = None,
    bits: int | None = None,
) -> list[Option]:
    """Return what the fastest kernel of a board can be given, for any number of bits or for one.

    Parameters
    ----------
    graph : FloatNetwork
    source_sha256 : bytes[32]
    board : Board
    samples : Dataset, optional
        What accuracy and synaptic events are counted on; without it the samples that fit.
    bits : int, optional
        Bits of a weight; without it every number that is worth a try.
    """
    if samples is None:
        samples = trial_samples.fitting(convert.convert(graph, source_sha256)[0], None)
    return options(graph, source_sha256, board, samples, BITS if bits is None else (bits,))


def fastest(found: Sequence[Option]) -> Option:
    """Return the option of the fewest instructions that is as accurate as that of the most bits.

    It may lose MOST_LOST; where the samples have no classes, only the most bits are taken. Of those
    that are about as fast the smallest file is taken, then the most bits.
    """
    most = max(option.bits for option in found)
    wide = [option for option in found if option.bits == most]
    if wide[0].accuracy is None:
        accurate = wide
    else:
        least = max(option.accuracy or 0 for option in wide) - MOST_LOST
        accurate = [option for option in found if (option.accuracy or 0) >= least - 1e-9]
    enough = ABOUT_AS_FAST * min(option.instructions for option in accurate)
    fast = [option for option in accurate if option.instructions <= enough]
    return min(fast, key=lambda option: (option.size, -option.bits))


def _storages(network: Network, board: Board) -> list[Network]:
    """Return the network in bytes and, where that is another and fits the board, in pairs."""
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
    board: Board,
    samples: Dataset,
) -> Option:
    trace = network.simulate(samples.x)
    events = synaptic_events.events_of_layers(network, samples.x, trace.spikes)
    direct = network.encoder == "direct"
    each = [
        _instructions(layer, board.kernels[0], held=direct and number == 0)
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


def _instructions(layer: Layer, kernel: str, *, held: bool) -> float:
    """Return the instructions for each of a layer's synaptic events; a convolution has one storage."""
    if held:
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
