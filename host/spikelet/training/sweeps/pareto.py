"""Summarise a sweep: each configuration over its seeds, and the Pareto front."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from spikelet.training.options import TrainingOptions
from spikelet.training.sweeps.results import Measurement, Outcome

_WORDS = {"encoder": "{}", "steps": "{} steps", "hidden": "{}", "bits": "{} bits"}


class Spread(NamedTuple):
    """A figure over seeds: mean, lowest and highest."""

    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Configuration:
    """Networks that differ in their seed only.

    Attributes
    ----------
    options : TrainingOptions
        Options with the first seed.
    measured : tuple of Measurement
        Measurements of the networks that did not fail, in the order of their seeds.
    failures : tuple of str
        One sentence for each network that failed.
    """

    options: TrainingOptions
    measured: tuple[Measurement, ...]
    failures: tuple[str, ...]

    @property
    def accuracy(self) -> Spread:
        """Accuracy 0..1 on the validation part, by which configurations are compared."""
        return _spread([one.validation.accuracy for one in self.measured])

    @property
    def synaptic_events(self) -> Spread:
        """Synaptic events per sample of the validation part."""
        return _spread([one.validation.synaptic_events for one in self.measured])

    @property
    def test_accuracy(self) -> Spread:
        """Accuracy 0..1 on the test part, which has no influence on any choice."""
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


def front(compared: Sequence[Configuration]) -> tuple[Configuration, ...]:
    """Return the Pareto front, from few synaptic events to many.

    The front contains each configuration that no other one beats. Another one beats it with the same
    validation accuracy for fewer events, or with a higher accuracy for the same events or fewer.
    Equal configurations are all on the front. Configurations with a failed seed are left out, because
    their means would be those of the lucky seeds.
    """
    candidates = [one for one in compared if not one.failures]
    best = [one for one in candidates if not any(_beats(other, one) for other in candidates)]
    return tuple(sorted(best, key=lambda one: one.synaptic_events.mean))


def varied_options(compared: Sequence[Configuration]) -> tuple[str, ...]:
    """Return the names of the options in which configurations differ."""
    names = [field.name for field in fields(TrainingOptions) if field.name != "seed"]
    return tuple(
        name for name in names if len({getattr(one.options, name) for one in compared}) > 1
    )


def label(options: TrainingOptions, names: Sequence[str]) -> str:
    """Return the options called `names` in words, e.g. "direct, 4 steps, 64-32, 8 bits"."""
    return ", ".join(
        _WORDS.get(name, f"{name} {{}}").format(value(options, name)) for name in names
    )


def value(options: TrainingOptions, name: str) -> str:
    """Return an option in words, with sizes joined as those of a network, e.g. "64-32"."""
    option = getattr(options, name)
    if name == "hidden":
        return "-".join(map(str, option)) or "none"
    return "usual" if option is None else str(option)


def _beats(one: Configuration, other: Configuration) -> bool:
    """Return whether `one` is at least as good in both respects, and better in either."""
    gain = one.accuracy.mean - other.accuracy.mean
    saving = other.synaptic_events.mean - one.synaptic_events.mean
    return gain >= 0 and saving >= 0 and (gain > 0 or saving > 0)


def _spread(figures: Sequence[float]) -> Spread:
    """Return mean, lowest and highest, rounded so that equal shares of samples are equal numbers."""
    spread = statistics.fmean(figures), min(figures), max(figures)
    return Spread(*(round(figure, 9) for figure in spread))
