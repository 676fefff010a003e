"""Train networks with many combinations of options in parallel, and skip finished ones.

Each network is trained, converted and tested as `spikelet train` and `spikelet convert` do it. So
these commands can reproduce any of them.
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from spikelet.conversion import convert, quantisation
from spikelet.errors import SpikeletError, UsageError
from spikelet.inputs.dataset import Dataset, split
from spikelet.networks import lif_file, score
from spikelet.training import augmentation, train
from spikelet.training.initial import initial_network
from spikelet.training.options import TrainingOptions
from spikelet.training.sweeps import results
from spikelet.training.sweeps.results import Measurement, Outcome
from spikelet.version import __version__

# Seconds between two looks at the parent of a worker.
PARENT_PAUSE = 1.0
ALL_CORES = -1
# Seconds to find a cluster.
CONNECT_SECONDS = 10

Report = Callable[[int, int], None]
"""Called with (networks done, networks in all)."""


@dataclass(frozen=True)
class Workers:
    """The processes that train.

    Attributes
    ----------
    jobs : int
        Number of processes on this machine; ALL_CORES: one for each core.
    cluster : str or None
        Address of a Dask scheduler, such as tcp://host:8786, whose workers train instead.

    Raises
    ------
    SpikeletError
        If jobs is neither ALL_CORES nor at least 1.
    """

    jobs: int = ALL_CORES
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1 and self.jobs != ALL_CORES:
            raise UsageError(f"jobs is {self.jobs}; it must be at least 1")


def option_grid(
    base: TrainingOptions, axes: Mapping[str, Sequence[Any]], seeds: int = 1
) -> tuple[TrainingOptions, ...]:
    """Return the options of every combination of `axes`, each with seeds 0 to seeds - 1, once.

    Parameters
    ----------
    base : TrainingOptions
        Values of all other options.
    axes : mapping of str to sequence
        Values by the name of the option.
    seeds : int
        Number of seeds.

    Raises
    ------
    SpikeletError
        If an option is out of range; the message names it.
    """
    if seeds < 1:
        raise UsageError(f"seeds is {seeds}; it must be at least 1")
    combinations = itertools.product(*axes.values(), range(seeds))
    names = (*axes, "seed")
    every = (replace(base, **dict(zip(names, values, strict=True))) for values in combinations)
    return tuple(dict.fromkeys(every))


def check_options(dataset: Dataset, grid: Sequence[TrainingOptions]) -> None:
    """Check that the training of every network of a sweep could begin.

    Raises
    ------
    SpikeletError
        If the options of a network do not fit the samples; the message names the option.
    """
    random = np.random.default_rng(0)
    for options in dict.fromkeys(replace(options, seed=0) for options in grid):
        initial_network(dataset, options, random)
        augmentation.check_images(dataset, options)


def measure_options(dataset: Dataset, options: TrainingOptions) -> Outcome:
    """Train on the training part of `dataset`, convert, and test; a failure is an outcome too.

    Weights have the number of bits that they were trained for, or 8.
    """
    learn, test = split(dataset)
    try:
        # If training diverges, the error is enough; numpy's warnings add no information.
        with np.errstate(over="ignore", invalid="ignore"):
            trained = train.train_network(learn, options)
        integer, _ = convert.convert_network(
            trained.network, bits=options.bits or quantisation.BITS[1]
        )
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


def run_sweep(
    dataset: Dataset,
    grid: Sequence[TrainingOptions],
    path: str | Path,
    workers: Workers | None = None,
    report: Report | None = None,
) -> tuple[Outcome, ...]:
    """Return the outcomes of all networks; train those that are not in the file of results.

    Each outcome is appended to the file as soon as its network is finished. So an interrupted sweep
    continues from there.

    Parameters
    ----------
    dataset : Dataset
    grid : sequence of TrainingOptions
        Options of each network.
    path : str or Path
        File of results.
    workers : Workers, optional
    report : callable, optional
        Called with (networks done, networks in all).

    Returns
    -------
    tuple of Outcome
        In the order of `grid`.

    Raises
    ------
    SpikeletError
        If an option is out of range, before any training; or if the file cannot be used or the
        workers are lost.
    """
    check_options(dataset, grid)
    outcomes = dict(results.read_results(path, dataset).outcomes)
    missing = [options for options in grid if options not in outcomes]
    with results.appending(path, dataset) as append:
        first = len(grid) - len(missing) + 1
        for finished, outcome in enumerate(
            _outcomes(dataset, missing, workers or Workers()), first
        ):
            append(outcome)
            outcomes[outcome.options] = outcome
            if report is not None:
                report(finished, len(grid))
    return tuple(outcomes[options] for options in grid)


def _outcomes(
    dataset: Dataset, missing: Sequence[TrainingOptions], workers: Workers
) -> Iterator[Outcome]:
    """Yield the outcome of each network as soon as it is finished."""
    if not missing:
        return
    try:
        import joblib  # noqa: PLC0415
    except ImportError:
        raise SpikeletError("a sweep needs joblib: pip install 'spikelet[sweep]'") from None
    cluster = workers.cluster
    with _here(workers.jobs) if cluster is None else _on_cluster(cluster, dataset) as settings:
        with joblib.parallel_config(**settings):
            # A network takes seconds, and an interruption would lose a whole batch of them.
            parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        yield from parallel(
            joblib.delayed(measure_options)(dataset, options) for options in missing
        )


def _end_with(parent: int) -> None:
    """End this process soon after its parent, which may have been killed and then ends nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_PAUSE)
        os._exit(1)

    # On Windows a process keeps the number of a parent that ended.
    if sys.platform != "win32":
        threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _here(jobs: int) -> Iterator[dict[str, Any]]:
    """Yield joblib's settings for processes on this machine, with one thread each."""
    try:
        yield {
            "n_jobs": jobs,
            "backend": "loky",
            "inner_max_num_threads": 1,
            # A worker without a network to train must end as well, so it watches from its start.
            "initializer": _end_with,
            "initargs": (os.getpid(),),
        }
    except (BrokenExecutor, MemoryError):
        raise SpikeletError(
            "a process was killed or ran out of memory; run the sweep again with fewer --jobs, "
            "and it goes on where it was"
        ) from None


@contextmanager
def _on_cluster(address: str, dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield joblib's settings for a Dask cluster, which receives the samples once."""
    try:
        import distributed  # noqa: PLC0415
        from distributed.comm.addressing import get_address_host_port  # noqa: PLC0415
    except ImportError:
        raise SpikeletError("--dask needs distributed: pip install 'spikelet[dask]'") from None
    # The class has no type annotations.
    connect: Any = distributed.Client
    try:
        # A client would wait for a scheduler without a port.
        get_address_host_port(address)
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
    """Refuse workers with another version, because their results could differ."""
    versions = client.run(metadata.version, "spikelet", on_error="return")
    for worker, version in versions.items():
        if version != __version__:
            installed = version if isinstance(version, str) else "none"
            raise SpikeletError(
                f"this is spikelet {__version__}, but worker {worker} has {installed}; "
                f"install spikelet=={__version__} there"
            )
