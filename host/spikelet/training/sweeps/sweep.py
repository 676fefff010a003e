"""Sweeps: networks of many options trained side by side, what is done already left out.

Each network is trained, converted and tested as `spikelet train` and `spikelet convert` do it, so that
any one of them can be made again by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.conversion import convert, quantisation
from spikelet.errors import SpikeletError
from spikelet.inputs.dataset import Dataset, split
from spikelet.networks import lif_file, score
from spikelet.training import augmentation, train
from spikelet.training.options import TrainingOptions
from spikelet.training.sweeps import results
from spikelet.training.sweeps.results import Measurement, Outcome
from spikelet.version import __version__

ALL_CORES = -1
CONNECT_SECONDS = 10  # to find a cluster

Report = Callable[[int, int], None]
"""Told how many networks are done, and of how many."""


@dataclass(frozen=True)
class Workers:
    """Who trains.

    jobs     processes on this machine; ALL_CORES: as many as it has cores
    cluster  address of a Dask scheduler, such as tcp://host:8786, whose workers train instead
    Raises SpikeletError if jobs is neither ALL_CORES nor at least 1.
    """

    jobs: int = ALL_CORES
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1 and self.jobs != ALL_CORES:
            raise SpikeletError(f"jobs is {self.jobs}; it must be at least 1")


def grid(
    base: TrainingOptions, axes: Mapping[str, Sequence[Any]], seeds: int = 1
) -> tuple[TrainingOptions, ...]:
    """Return the options of every combination of `axes`, each with seeds 0 to seeds - 1, once.

    base   what the axes do not name
    axes   values by the name of the option
    Raises SpikeletError naming the option that is out of range.
    """
    if seeds < 1:
        raise SpikeletError(f"seeds is {seeds}; it must be at least 1")
    combinations = itertools.product(*axes.values(), range(seeds))
    names = (*axes, "seed")
    every = (replace(base, **dict(zip(names, values, strict=True))) for values in combinations)
    return tuple(dict.fromkeys(every))


def check(dataset: Dataset, wanted: Sequence[TrainingOptions]) -> None:
    """Raise SpikeletError, naming the option, if any network of a sweep could not be begun."""
    random = np.random.default_rng(0)
    for options in dict.fromkeys(replace(options, seed=0) for options in wanted):
        train.initial_network(dataset, options, random)
        augmentation.check(dataset, options)


def measure(dataset: Dataset, options: TrainingOptions) -> Outcome:
    """Train on the training part of `dataset`, convert, and test; a failure is an outcome too.

    Weights have as many bits as they were trained for, or 8.
    """
    learn, test = split(dataset)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a sentence says where it diverged
            trained = train.train(learn, options)
        integer, _ = convert.convert(trained.network, bits=options.bits or quantisation.BITS[1])
        _, validation = split(learn, options.validation_fraction)
        measured = Measurement(
            validation=score.evaluate(integer, validation),
            test=score.evaluate(integer, test),
            bytes=len(lif_file.to_bytes(integer)),
            epochs=trained.epochs,
        )
    except SpikeletError as error:
        return Outcome(options, None, str(error))
    return Outcome(options, measured)


def run(
    dataset: Dataset,
    wanted: Sequence[TrainingOptions],
    path: str | Path,
    workers: Workers | None = None,
    report: Report | None = None,
) -> tuple[Outcome, ...]:
    """Return the outcome of every network that is wanted, in that order.

    What the file of results at `path` holds is taken from there; the rest is trained and added to
    it, each network as soon as it is done, so that an interrupted sweep goes on where it was.
    Raises SpikeletError if an option cannot be, before anything is trained, and if the file cannot
    be used or the workers are lost.
    """
    check(dataset, wanted)
    outcomes = dict(results.read(path, dataset).outcomes)
    missing = [options for options in wanted if options not in outcomes]
    with results.appending(path, dataset) as append:
        first = len(wanted) - len(missing) + 1
        for done, outcome in enumerate(_outcomes(dataset, missing, workers or Workers()), first):
            append(outcome)
            outcomes[outcome.options] = outcome
            if report is not None:
                report(done, len(wanted))
    return tuple(outcomes[options] for options in wanted)


def _outcomes(
    dataset: Dataset, wanted: Sequence[TrainingOptions], workers: Workers
) -> Iterator[Outcome]:
    """Yield the outcome of each network as soon as it is done."""
    if not wanted:
        return
    try:
        import joblib
    except ImportError:
        raise SpikeletError("a sweep needs joblib: pip install 'spikelet[sweep]'") from None
    cluster = workers.cluster
    with _here(workers.jobs) if cluster is None else _on_cluster(cluster, dataset) as where:
        with joblib.parallel_config(**where):
            # One at a time: a network takes seconds, and a batch interrupted is lost as a whole.
            parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        yield from parallel(joblib.delayed(measure)(dataset, options) for options in wanted)


@contextmanager
def _here(jobs: int) -> Iterator[dict[str, Any]]:
    """Give what joblib is told to train in processes of this machine, with a thread each."""
    try:
        yield {"n_jobs": jobs, "backend": "loky", "inner_max_num_threads": 1}
    except (BrokenExecutor, MemoryError):
        raise SpikeletError(
            "a process was killed or ran out of memory; run the sweep again with fewer --jobs, "
            "and it goes on where it was"
        ) from None


@contextmanager
def _on_cluster(address: str, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Give what joblib is told to train on a Dask cluster, which gets the samples once."""
    try:
        import distributed
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        raise SpikeletError("--dask needs distributed: pip install 'spikelet[dask]'") from None
    connect: Any = distributed.Client  # it has no types
    try:
        get_address_host_port(address)  # a client would wait for a scheduler that has no port
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SpikeletError(f"no Dask scheduler answers at {address!r}: {error}") from None
    with client:
        _check_versions(client)
        try:
            yield {"n_jobs": ALL_CORES, "backend": "dask", "client": client, "scatter": [dataset]}
        except distributed.KilledWorker:
            raise SpikeletError(
                f"workers at {address} were killed or ran out of memory; "
                "run the sweep again with larger ones, and it goes on where it was"
            ) from None


def _check_versions(client: Any) -> None:
    """Refuse workers whose results would not be those of this version."""
    found = client.run(metadata.version, "spikelet", on_error="return")
    for worker, version in found.items():
        if version != __version__:
            what = version if isinstance(version, str) else "none"
            raise SpikeletError(
                f"this is spikelet {__version__}, but worker {worker} has {what}; "
                f"install spikelet=={__version__} there"
            )
