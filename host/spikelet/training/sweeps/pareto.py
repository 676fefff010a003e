"""What a sweep says: each configuration over its seeds, and those that no other one beats."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from spikelet.training.options import TrainingOptions
from spikelet.training.sweeps.results import Measurement, Outcome

_WORDS = {"encoder": "{}", "steps": "{} steps", "hidden": "{}", "bits": "{} bits"}


class Spread(NamedTuple):
    """A figure over seeds: its mean, and its ends."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Configuration:
    """Networks that differ in their seed only.

    options   with the first seed
    measured  those that did not fail, in the order of their seeds
    failures  sentences of those that did
    """

    options: TrainingOptions
    measured: tuple[Measurement, ...]
    failures: tuple[str, ...]

    @property
    def accuracy(self) -> Spread:
        """On the validation part, 0..1: what configurations are compared by."""
        return _spread([one.validation.accuracy for one in self.measured])

    @property
    def synaptic_events(self) -> Spread:
        """Per sample of the validation part."""
        return _spread([one.validation.synaptic_events for one in self.measured])

    @property
    def test_accuracy(self) -> Spread:
        """On the test part, 0..1; nothing is chosen by it."""
        return _spread([one.test.accuracy for one in self.measured])

    @property
    def bytes(self) -> int:
        """Size of the largest tables."""
        return max(one.bytes for one in self.measured)


def configurations(outcomes: Sequence[Outcome]) -> tuple[Configuration, ...]:
    """Return the outcomes by configuration, in the order in which each first appears."""
    groups: dict[TrainingOptions, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(replace(outcome.options, seed=0), []).append(outcome)
    return tuple(
        Configuration(
            options=group[0].options,
            measured=tuple(one.measured for one in group if one.measured is not None),
            failures=tuple(one.error for one in group if one.measured is None),
        )
        for group in groups.values()
    )


def front(found: Sequence[Configuration]) -> tuple[Configuration, ...]:
    """Return the Pareto front, from few synaptic events to many.

    On it stands what no other configuration beats: none has as much validation accuracy for fewer
    events, or more of it for as many. Equals stand there together. A configuration of which a seed
    failed is left out, as its mean would be of the lucky ones.
    """
    candidates = [one for one in found if not one.failures]
    best = [one for one in candidates if not any(_beats(other, one) for other in candidates)]
    return tuple(sorted(best, key=lambda one: one.synaptic_events.mean))


def varied_options(found: Sequence[Configuration]) -> tuple[str, ...]:
    """Return the names of the options in which configurations differ."""
    names = [field.name for field in fields(TrainingOptions) if field.name != "seed"]
    return tuple(name for name in names if len({getattr(one.options, name) for one in found}) > 1)


def label(options: TrainingOptions, names: Sequence[str]) -> str:
    """Return the options called `names` in words, e.g. "direct, 4 steps, 64-32, 8 bits"."""
    return ", ".join(
        _WORDS.get(name, f"{name} {{}}").format(value(options, name)) for name in names
    )


def value(options: TrainingOptions, name: str) -> str:
    """Return an option in words, sizes joined as a network's are, e.g. "64-32"."""
    found = getattr(options, name)
    if name == "hidden":
        return "-".join(map(str, found)) or "none"
    return "usual" if found is None else str(found)


def _beats(one: Configuration, other: Configuration) -> bool:
    """Say whether one is at least as good in both respects, and better in either."""
    gain = one.accuracy.mean - other.accuracy.mean
    saving = other.synaptic_events.mean - one.synaptic_events.mean
    return gain >= 0 and saving >= 0 and (gain > 0 or saving > 0)


def _spread(figures: Sequence[float]) -> Spread:
    """Return the mean and the ends, rounded so that equal shares of samples are equal numbers."""
    found = statistics.fmean(figures), min(figures), max(figures)
    return Spread(*(round(figure, 9) for figure in found))
