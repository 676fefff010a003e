"""Compare every spike of a board with the reference simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.turn import Turn
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikelet.networks.proof import check_proof
from spikelet.networks.reference import Simulation, Trace


@dataclass(frozen=True)
class Difference:
    """One value that differs between board and reference.

    Attributes
    ----------
    kind : str
        "spike", "membrane" or "answer".
    sample : int
        Number of the sample; of the turn, if the network runs a stream.
    step : int or None
        Timestep of a spike; None for a value at the end of the turn.
    layer, neuron : int or None
        Position in the network; None for an answer.
    board, host : int
        Value of the board and of the reference; for an answer, the index of the class.
    """

    kind: str
    sample: int
    step: int | None
    layer: int | None
    neuron: int | None
    board: int
    host: int

    def __str__(self) -> str:
        places = (("sample", self.sample), ("step", self.step), ("layer", self.layer))
        location = [f"{name} {value}" for name, value in places if value is not None]
        location += [] if self.neuron is None else [f"neuron {self.neuron}"]
        return f"{self.kind} at {', '.join(location)}: board {self.board}, reference {self.host}"


@dataclass
class Verification:
    """Result of a verification.

    Attributes
    ----------
    samples : int
        Number of compared samples; of turns, if the network runs a stream.
    values : int
        Number of compared values: spikes or silences, membranes and answers.
    spikes : int
        Number of spikes that the board sent.
    differences : int
        Number of values that differ.
    first : Difference or None
        First difference in the order of time and layers.
    lost_frames : int
        Number of frames lost for good; their samples were not compared.
    repeated : int
        Number of samples or turns requested again because of lost frames.
    missed : int
        Number of frames lost on the way.
    answers : int64[n]
        Answers of the board; -1 for a sample that was not compared.
    """

    samples: int = 0
    values: int = 0
    spikes: int = 0
    differences: int = 0
    first: Difference | None = None
    lost_frames: int = 0
    repeated: int = 0
    missed: int = 0
    answers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def passed(self) -> bool:
        """Whether every value was compared and none differs."""
        return (
            not self.differences and not self.lost_frames and self.samples == len(self.answers) > 0
        )


def check_identity(network: Network, info: BoardInfo, name: str) -> None:
    """Raise SpikeletError unless exactly this network is on the board."""
    if info.problem:
        raise SpikeletError(
            f"{name} could not load its network ({info.problem}); run spikelet flash, then try again"
        )
    if (info.crc, info.sha256) != (lif_file.crc(network), network.source_sha256):
        raise SpikeletError(
            f"{name} holds another network (CRC {info.crc:08x}) than this one "
            f"(CRC {lif_file.crc(network):08x}); run spikelet flash to replace it"
        )


def observe(link: Link, network: Network, x: NDArray[Any]) -> Iterator[tuple[int, Turn | None]]:
    """Run samples or recordings on the board, turn by turn.

    Parameters
    ----------
    link : Link
    network : Network
        The network on the board.
    x : array
        Samples as `reference.simulate` takes them, with readings as the board takes them.

    Yields
    ------
    number : int
        Number of the turn, counted through all recordings.
    turn : Turn or None
        None for a lost turn.
    """
    number = 0
    for recording in x:
        turns = recording.reshape(-1, *network.turn)
        for position in range(len(turns)):
            yield number, link.run(network, number, turns[position], turns[:position])
            number += 1


def verify(
    link: Link,
    network: Network,
    x: NDArray[Any],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Run samples or recordings on the board and compare every value with the reference.

    Parameters
    ----------
    link : Link
    network : Network
        The network on the board.
    x : array
        Samples as `observe` takes them.
    progress : callable
        Called with (turns done, turns in all).

    Returns
    -------
    Verification

    Raises
    ------
    SpikeletError
        If the board fails or goes away before the last turn.
    """
    check_answer_size(network)
    check_proof(network)
    expected = network.simulate(x).turns()
    turns = len(expected.answers)
    result = Verification(answers=np.full(turns, -1))
    for number, observation in observe(link, network, x):
        if observation is not None:
            result.answers[number] = observation.answer
            count_differences(result, number, observation, expected, number)
        progress(number + 1, turns)
    result.lost_frames, result.repeated, result.missed = (
        link.lost_frames,
        link.repeated,
        link.missed,
    )
    return result


class LiveCheck:
    """Comparison of turns with the reference as they arrive, for readings that the board took.

    Attributes
    ----------
    network : Network
    verification : Verification
        The result so far.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.found = Verification()
        self._simulation = Simulation(network)

    def restart(self) -> None:
        """Restart the reference, because the stream restarts."""
        self._simulation = Simulation(self.network)

    def check(self, observation: Turn) -> None:
        """Compare the next turn.

        Raises
        ------
        SpikeletError
            If the board sent no readings with its spikes.
        """
        if observation.readings is None:
            raise SpikeletError(
                "the board sent spikes without the readings they came from; flash it again"
            )
        if self.network.stream is None:
            self.restart()
        expected = self._simulation.run(observation.readings[None]).turns()
        count_differences(self.found, observation.turn, observation, expected, 0)


def count_differences(
    verification: Verification, sample: int, observation: Turn, expected: Trace, row: int
) -> None:
    """Add to a verification the differences between a turn and a row of the reference.

    Parameters
    ----------
    verification : Verification
        The result to update.
    sample : int
        Number of the sample in a Difference.
    observation : Turn
        The turn of the board.
    expected : Trace
        The turns of the reference.
    row : int
        Index of the turn in `expected`.
    """
    differences = list(_differences(sample, observation, expected, row))
    verification.samples += 1
    verification.values += 1
    verification.values += sum(spikes.size for spikes in observation.spikes)
    verification.values += sum(membranes.size for membranes in observation.membranes)
    verification.spikes += sum(int(spikes.sum()) for spikes in observation.spikes)
    verification.differences += len(differences)
    if differences and verification.first is None:
        verification.first = differences[0]


def _differences(sample: int, observation: Turn, expected: Trace, row: int) -> Iterator[Difference]:
    """Yield the differences; spikes first, by step and layer, because the first causes the others."""
    places = []
    for layer, (got, want) in enumerate(zip(observation.spikes, expected.spikes, strict=True)):
        for step, neuron in np.argwhere(got != want[row]):
            places.append((int(step), layer, int(neuron)))
    for step, layer, neuron in sorted(places):
        board, host = (
            observation.spikes[layer][step, neuron],
            expected.spikes[layer][row, step, neuron],
        )
        yield Difference("spike", sample, step, layer, neuron, int(board), int(host))
    for layer, (v, want_v) in enumerate(
        zip(observation.membranes, expected.membranes, strict=True)
    ):
        for (neuron,) in np.argwhere(v != want_v[row]):
            pair = int(v[neuron]), int(want_v[row, neuron])
            yield Difference("membrane", sample, None, layer, int(neuron), *pair)
    if observation.answer != expected.answers[row]:
        pair = observation.answer, int(expected.answers[row])
        yield Difference("answer", sample, None, None, None, *pair)
