"""A board's spikes against the reference simulator's, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link.board_info import BoardInfo
from spikelet.link.link import Link
from spikelet.link.turn import Observation
from spikelet.networks import lif_file
from spikelet.networks.network import Network
from spikelet.networks.reference import Simulation, Trace


@dataclass(frozen=True)
class Difference:
    """One value on which board and reference do not agree.

    kind      "spike", "membrane" or "answer"
    sample    int, of a stream the number of the turn
    step      int, None where it is the turn's end
    layer     int, None for an answer       neuron   int, or the class's index
    board     int, its value                host     int, the reference's
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
        where = [f"{name} {value}" for name, value in places if value is not None]
        where += [] if self.neuron is None else [f"neuron {self.neuron}"]
        return f"{self.kind} at {', '.join(where)}: board {self.board}, reference {self.host}"


@dataclass
class Verification:
    """What verification found.

    samples        int, how many were compared; of a stream, turns
    values         int, spikes or silences, membranes and answers compared
    spikes         int, how many the board sent
    differences    int, how many of the values differ
    first          the first of them, in the order of time and layers
    lost_frames    int, frames lost for good; their samples were not compared
    repeated       int, samples or turns asked for again because frames were lost on the way
    missed         int, frames lost on the way
    answers        int64[n], the board's, -1 for a sample that was not compared
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
        """Whether everything was compared, and nothing differs."""
        return (
            not self.differences and not self.lost_frames and self.samples == len(self.answers) > 0
        )


def check_identity(network: Network, info: BoardInfo, name: str) -> None:
    """Raise SpikeletError unless the board holds exactly this network."""
    if info.problem:
        raise SpikeletError(
            f"{name} could not load its network ({info.problem}); run spikelet flash, then try again"
        )
    if (info.crc, info.sha256) != (lif_file.crc(network), network.source_sha256):
        raise SpikeletError(
            f"{name} holds another network (CRC {info.crc:08x}) than this one "
            f"(CRC {lif_file.crc(network):08x}); run spikelet flash to replace it"
        )


def observe(
    link: Link, network: Network, x: NDArray[Any]
) -> Iterator[tuple[int, Observation | None]]:
    """Run samples or recordings on the board, turn by turn; None for a turn that was lost.

    x    as `reference.simulate` takes it, readings as the board takes them
    Yields the number of each turn as well, counted through all recordings.
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
    """Run samples or recordings on the board and compare all it does with the reference.

    x    as `observe` takes it
    Raises SpikeletError where the board cannot be asked to the end.
    """
    expected = network.simulate(x).turns()
    turns = len(expected.answers)
    found = Verification(answers=np.full(turns, -1))
    for number, observation in observe(link, network, x):
        if observation is not None:
            found.answers[number] = observation.answer
            compare(found, number, observation, expected, number)
        progress(number + 1, turns)
    found.lost_frames, found.repeated, found.missed = link.lost_frames, link.repeated, link.missed
    return found


class LiveCheck:
    """Compares turns that the board read by itself, and sent with its spikes, as they come.

    found    the Verification so far
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.found = Verification()
        self._simulation = Simulation(network)

    def restart(self) -> None:
        """Follow a stream that starts again."""
        self._simulation = Simulation(self.network)

    def check(self, observation: Observation) -> None:
        """Compare the next turn."""
        if observation.readings is None:
            raise SpikeletError(
                "the board sent spikes without the readings they came from; flash it again"
            )
        if self.network.stream is None:
            self.restart()
        expected = self._simulation.run(observation.readings[None]).turns()
        compare(self.found, observation.turn, observation, expected, 0)


def compare(
    found: Verification, sample: int, observation: Observation, expected: Trace, row: int
) -> None:
    """Count in `found` how the observation of a sample differs from a row of the reference."""
    differences = list(_differences(sample, observation, expected, row))
    found.samples += 1
    found.values += 1
    found.values += sum(spikes.size for spikes in observation.spikes)
    found.values += sum(membranes.size for membranes in observation.membranes)
    found.spikes += sum(int(spikes.sum()) for spikes in observation.spikes)
    found.differences += len(differences)
    if differences and found.first is None:
        found.first = differences[0]


def _differences(
    sample: int, observation: Observation, expected: Trace, row: int
) -> Iterator[Difference]:
    """Yield the differences, spikes by step and layer first, for the first causes the others."""
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
