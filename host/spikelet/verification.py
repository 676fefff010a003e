"""A board's spikes against the reference simulator's, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spikelet.errors import SpikeletError
from spikelet.link import BoardInfo, Link
from spikelet.network import Network
from spikelet.observation import Observation
from spikelet.reference import Trace


@dataclass(frozen=True)
class Difference:
    """One value on which board and reference do not agree.

    kind      "spike", "membrane" or "answer"
    sample    int                  step     int, None where it is the window's end
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

    samples        int, how many were compared
    values         int, spikes or silences, membranes and answers compared
    spikes         int, how many the board sent
    differences    int, how many of the values differ
    first          the first of them, in the order of time and layers
    lost_frames    int, frames lost for good; their samples were not compared
    repeated       int, samples asked for again because frames were lost on the way
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
    if (info.crc, info.sha256) != (network.crc, network.source_sha256):
        raise SpikeletError(
            f"{name} holds another network (CRC {info.crc:08x}) than this one "
            f"(CRC {network.crc:08x}); run spikelet flash to replace it"
        )


def observe(
    link: Link, network: Network, x: NDArray[np.uint8]
) -> Iterator[tuple[int, Observation | None]]:
    """Run the samples x uint8[n, channels] on the board, one by one; None for one that was lost."""
    for sample, values in enumerate(x):
        yield sample, link.run(network, sample, values)


def verify(
    link: Link,
    network: Network,
    x: NDArray[np.uint8],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Run samples x uint8[n, channels] on the board and compare all it does with the reference.

    Raises SpikeletError where the board cannot be asked to the end.
    """
    expected = network.simulate(x)
    found = Verification(answers=np.full(len(x), -1))
    for sample, observation in observe(link, network, x):
        if observation is not None:
            found.answers[sample] = observation.answer
            compare(found, sample, observation, expected, sample)
        progress(sample + 1, len(x))
    found.lost_frames, found.repeated, found.missed = link.lost_frames, link.repeated, link.missed
    return found


def check(found: Verification, network: Network, observation: Observation) -> None:
    """Compare a sample that the board read by itself, and sent with its spikes, in the same way."""
    if observation.x is None:
        raise SpikeletError(
            "the board sent spikes without the inputs they came from; flash it again"
        )
    expected = network.simulate(observation.x[None])
    compare(found, observation.sample, observation, expected, 0)


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
