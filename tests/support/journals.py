"""Write journals of random turns for tests."""

import numpy as np

from spikelet.link.turn import Status, Turn
from spikelet.monitoring.journal import reader
from spikelet.monitoring.journal.writer import JournalWriter
from spikelet.monitoring.watch import Gone, Reconnected, Started

ABOUT = {"port": "virtual", "board": "b", "runtime": "r", "kernel": "plain", "begun": "now"}


def observation(network, turn, seed=0, readings=True, density=0.2):
    """Return a turn of random numbers; layers without a threshold are silent."""
    rng = np.random.default_rng([seed, turn])
    low, high = (-32768, 32768) if network.scaling else (0, 256)
    kind = "<i2" if network.scaling else np.uint8
    return Turn(
        turn & 0xFFFF,
        rng.integers(low, high, network.turn).astype(kind) if readings else None,
        tuple(
            (
                (rng.random((network.turn_steps, layer.neurons)) < density)
                & (layer.theta is not None)
            ).astype(np.uint8)
            for layer in network.layers
        ),
        tuple(rng.integers(-32768, 32768, k.neurons).astype(np.int16) for k in network.layers),
        int(rng.integers(len(network.classes))),
    )


def make(path, network, turns=40, lost=(), rate=0.0, readings=True, end=True, density=0.2):
    """Write a journal of `turns` turns without the `lost` ones; return it and {number: Turn}."""
    by_number = {}
    with JournalWriter(path, network, ABOUT) as writer:
        writer.take(Started())
        for number in range(turns):
            if number in lost:
                writer.take(None)
                continue
            by_number[number] = observation(network, number, readings=readings, density=density)
            writer.take(by_number[number])
            if number == turns // 2:
                writer.take(Status(samples=number, late=1, failed=2, trouble="none yet", rate=rate))
                writer.text("battery low\r\n")
                writer.take(Gone("pulled"))
                writer.take(Reconnected("virtual", 1, 0.5))
        if end:
            writer.end({"turns": turns})
    return reader.load_journal(path), by_number


def spikes(network, seen):
    """Return the set of (step, layer, neuron) of all spikes, one by one and slowly."""
    events = set()
    for number, turn in seen.items():
        for layer, fired in enumerate(turn.spikes):
            for step in range(len(fired)):
                for neuron in range(fired.shape[1]):
                    if fired[step, neuron]:
                        events.add((number * network.turn_steps + step, layer, neuron))
    return events
