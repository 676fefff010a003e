"""Train, convert and test networks that classify exercises, and write accuracy-exercises.md.

python tools/measure_exercises.py FOLDER            # five seeds, some minutes
python tools/measure_exercises.py FOLDER --quick    # one seed, to the screen only

FOLDER contains the recordings of emlearn-micropython, examples/har_trees: acceleration at 100 Hz,
int16 x, y and z of 16,384 per g. Its labels.csv has the labels of recordings that got a second look.
The tool needs scikit-learn for the classifiers to compare with.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

# Set before numpy is imported: other threads would add to the CPU seconds.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion import convert
from spikelet.inputs import scaling
from spikelet.inputs.dataset import Dataset
from spikelet.inputs.recordings import Recordings, folds, load_recordings, read_labels, windows
from spikelet.networks import synaptic_events
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.network import Network
from spikelet.training.options import TrainingOptions
from spikelet.training.train import train_network

TARGET = Path(__file__).parents[1] / "docs/explanation/accuracy-exercises.md"

# The data, and the rule for their labels. It was fixed before any network was trained.
# Samples per second.
RATE = 100
# Samples: two seconds.
WINDOW = 200
# Samples from one answer to the next.
HOP = 50
# LSB: without a second look, an exercise with a smaller deviation of acceleration counts as other.
QUIET = 600
FOLDS = 5
SEEDS = 5
RESAMPLINGS = 2000

# The network and its training, chosen by cross-validation inside the learning part of fold 0.
# The network sees every fifth sample of a recording, as from a sensor that is read at 20 Hz.
EVERY = 5
BITS = 8
# As training begins, the time constants of the betas are 0.1 s (2 samples) to 1.5 s, and 3.2 s for
# the readout.
OPTIONS = TrainingOptions(
    hidden=(24,),
    encoder="delta",
    encoder_parameter=8,
    steps=1,
    readout="max",
    beta=0.609375,
    slowest_beta=0.967,
    readout_beta=0.984375,
    learn_leaks=True,
    hop=HOP // EVERY,
    epochs=100,
    patience=100,
    batch=64,
    learning_rate=1e-2,
    weight_decay=0.05,
    spike_penalty=0.04,
    augment=True,
    balance=True,
    validation_fraction=0.05,
)

# Goal: at least this balanced accuracy, in percent.
AT_LEAST = 88.0
# Goal: at most this number of synaptic events a second.
AT_MOST = 1500

PAGE = """# Accuracy on exercises: a stream

Measured by `python tools/measure_exercises.py FOLDER`, with numpy {numpy}, scikit-learn {sklearn}
and Python {python}.

The data are the wrist accelerometer recordings of emlearn-micropython (examples/har_trees, MIT):
{recordings} recordings of at most 10 s at 100 Hz. The classes are {classes}. Every figure is from
five folds by recording, so that no recording is in both the training part and the test part.

{table}

{by_class}

- **balanced accuracy** is the mean over classes of the share of windows with the right answer. A
  window is two seconds, with a new answer every half second. The interval comes from
  {resamplings:,} draws of recordings with replacement. Class and session are partly confounded, and
  the smaller classes have few recordings.
- **a stream** keeps its state from the beginning of a recording, as on a board. Its answers count
  once the first window is full. So it may remember more than two seconds, which favours it if a
  recording holds one activity. With its **state anew in every window** a network sees the same two
  seconds as forest and regression.
- **random forest** and **logistic regression** get the usual time-domain features of the same
  windows. For each axis and for the magnitude these are mean, deviation, extremes, quartiles, mean
  step and crossings of the mean. The correlation of each pair of axes is added.
- **events** are synaptic events per second of motion. The network sees every {every}th sample, as
  from a sensor that is read at {rate} Hz.

The network has {sizes} neurons, uses the encoder {encoder} with a change of {change}, and learns
its leaks.

Labels: a second look in `labels.csv` overrides the file's name. Recordings of more than one
activity are left out. An exercise without a second look counts as other if its acceleration hardly
changes.

Network and training were chosen by cross-validation inside the training part of the first fold.
Recordings of the other folds' test parts took part in that.
"""


class Answers(NamedTuple):
    """Answers to windows: the class, the answer and the recording of each, int64[n]."""

    y: NDArray[np.int64]
    answer: NDArray[np.int64]
    recording: NDArray[np.int64]


class Measurement(NamedTuple):
    """Results of a network over all folds.

    Attributes
    ----------
    answers : Answers
        Answers in a stream, which keeps its state from the beginning of a recording.
    floats : Answers
        Answers of the network before its conversion.
    anew : Answers
        Answers to windows that each start with a state of zero.
    events : float
        Synaptic events per second.
    seconds : float
        CPU seconds of the training in one fold.
    """

    answers: Answers
    floats: Answers
    anew: Answers
    events: float
    seconds: float


def exercises(folder: Path) -> Recordings:
    """Return the recordings with their labels by the rule."""
    recordings = load_recordings(folder, excluded=["mixed"])
    labelled, other = read_labels(folder), recordings.classes.index("other")
    quiet = [
        name not in labelled and np.linalg.norm(raw, axis=1).std() < QUIET
        for name, raw in zip(recordings.names, recordings.raw, strict=True)
    ]
    return replace(recordings, labels=np.where(quiet, other, recordings.labels))


def parts(recordings: Recordings) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the recordings to learn from and those to test with, int64[n], of each fold."""
    fold = folds(recordings, FOLDS)
    for k in range(FOLDS):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


# Classifiers to compare with


def features(x: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return float64[n, features] of windows int16[n, samples, 3].

    For each axis and for the magnitude: mean, deviation, least, largest, quartiles, mean step, and
    the rate of crossings of the mean. For each pair of axes: the correlation.
    """
    axes = x.astype(np.float64)
    channels = np.concatenate([axes, np.linalg.norm(axes, axis=2, keepdims=True)], axis=2)
    centred = channels - channels.mean(axis=1, keepdims=True)
    unit = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-9)
    quartiles = np.percentile(channels, (25, 50, 75), axis=1)
    return np.concatenate(
        [
            channels.mean(axis=1),
            channels.std(axis=1),
            channels.min(axis=1),
            channels.max(axis=1),
            *quartiles,
            np.abs(np.diff(channels, axis=1)).mean(axis=1),
            (np.diff(centred > 0, axis=1) != 0).mean(axis=1),
            *((unit[:, :, [i]] * unit[:, :, [j]]).sum(axis=1) for i, j in ((0, 1), (0, 2), (1, 2))),
        ],
        axis=1,
    )


def forest(seed: int) -> object:
    """Return a random forest."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        100, class_weight="balanced", min_samples_leaf=3, random_state=seed
    )


def regression(seed: int) -> object:
    """Return a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000, random_state=seed),
    )


def compare(recordings: Recordings, make: Callable[[int], object], seed: int) -> Answers:
    """Return a classifier's answers to all windows, each trained on the windows of other folds."""
    x, y, recording, _ = windows(recordings, WINDOW, HOP)
    rows, answer = features(x), np.empty_like(y)
    for learn, test in parts(recordings):
        learned, tested = np.isin(recording, learn), np.isin(recording, test)
        answer[tested] = make(seed).fit(rows[learned], y[learned]).predict(rows[tested])
    return Answers(y, answer, recording)


# Networks


def train(recordings: Recordings, seed: int) -> FloatNetwork:
    """Return a network trained on recordings at its own rate."""
    raw, y, recording, _ = windows(recordings, WINDOW // EVERY, HOP // EVERY)
    # One scale for all axes, so that training can rotate them into each other.
    scale = scaling.fit_scaling(recordings.raw, shared=True)
    samples = Dataset(scale.apply(raw), y, recordings.classes, "exercises", groups=recording)
    middle = int(scale.apply(np.zeros(3, np.int16))[0])
    options = replace(OPTIONS, middle=middle, seed=seed)
    network = train_network(samples, options).network
    return replace(network, scaling=scale, dt=EVERY / RATE)


def measure(recordings: Recordings, seed: int) -> Measurement:
    """Train, convert and test a network in every fold."""
    slower = recordings.thinned(EVERY)
    answers, floats, anew, events, seconds = [], [], [], [], 0.0
    for learn, test in parts(recordings):
        start = time.process_time()
        network = train(slower.take(learn), seed)
        seconds += time.process_time() - start
        integer, _ = convert.convert_network(network, bits=BITS)
        lasting = test[[len(slower.raw[index]) >= WINDOW // EVERY for index in test]]
        answers += [_streamed(integer, slower, index) for index in lasting]
        floats += [_streamed(network, slower, index) for index in lasting]
        anew.append(_anew(integer, slower, test))
        events += [_events(integer, slower, index) for index in lasting]
    total, duration = np.sum(events, axis=0)
    return Measurement(
        _joined(answers), _joined(floats), _joined(anew), total / duration, seconds / FOLDS
    )


def _streamed(network: Network | FloatNetwork, slower: Recordings, index: int) -> Answers:
    """Return a network's answers to a recording, from its first full window on."""
    answer = network.simulate(_whole_hops(slower.raw[index])).answers[0, WINDOW // HOP - 1 :]
    return Answers(np.full_like(answer, slower.labels[index]), answer, np.full_like(answer, index))


def _events(network: Network, slower: Recordings, index: int) -> tuple[float, float]:
    """Return the synaptic events of a recording, and its duration in seconds."""
    x = _whole_hops(slower.raw[index])
    samples = x.shape[1]
    events = synaptic_events.count_synaptic_events(network, network.simulate(x)) * samples
    return events, samples * EVERY / RATE


def _whole_hops(raw: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return a recording as int16[1, samples, channels], without an incomplete hop at the end."""
    hop = HOP // EVERY
    return raw[None, : len(raw) // hop * hop]


def _anew(network: Network, slower: Recordings, test: NDArray[np.int64]) -> Answers:
    """Return a network's answers to windows that each start with a state of zero."""
    x, y, recording, _ = windows(slower.take(test), WINDOW // EVERY, HOP // EVERY)
    return Answers(y, network.simulate(x).answers[:, -1], test[recording])


def _joined(answers: list[Answers]) -> Answers:
    return Answers(*map(np.concatenate, zip(*answers, strict=True)))


# Results


def balanced_accuracy(answers: Answers) -> float:
    """Return the mean over classes of the share of right answers, 0..1."""
    right = answers.y == answers.answer
    return float(np.mean([right[answers.y == label].mean() for label in np.unique(answers.y)]))


def interval(all_answers: list[Answers]) -> tuple[float, float]:
    """Return the 95 % interval of the mean balanced accuracy of answers to the same windows.

    Bootstrap: draw recordings with replacement, from each class its own number. Do not draw windows,
    because windows of one recording are almost copies.
    """
    y, recording = all_answers[0].y, all_answers[0].recording
    right = np.mean([answers.y == answers.answer for answers in all_answers], axis=0)
    indices, first, size = np.unique(recording, return_index=True, return_counts=True)
    hits = np.array([right[recording == index].sum() for index in indices])
    random = np.random.default_rng(0)
    shares = []
    for label in np.unique(y):
        members = np.flatnonzero(y[first] == label)
        drawn = random.choice(members, (RESAMPLINGS, len(members)))
        shares.append(hits[drawn].sum(axis=1) / size[drawn].sum(axis=1))
    low, high = np.percentile(np.mean(shares, axis=0), (2.5, 97.5))
    return float(low), float(high)


def line(name: str, all_answers: list[Answers], events: str = "", seconds: str = "") -> str:
    """Return a row of the table."""
    each = [balanced_accuracy(answers) for answers in all_answers]
    low, high = interval(all_answers)
    cells = (
        name,
        f"**{np.mean(each):.1%}**",
        f"{low:.1%} to {high:.1%}",
        " ".join(f"{one:.1%}"[:-1] for one in each),
        events,
        seconds,
    )
    return f"| {' | '.join(cells)} |"


def table(recordings: Recordings, measured: list[Measurement]) -> str:
    """Return all results as a Markdown table."""
    seeds = range(len(measured))
    events = f"{np.mean([one.events for one in measured]):,.0f}"
    seconds = f"{max(one.seconds for one in measured):.1f} s"
    return "\n".join(
        (
            "| | balanced accuracy | 95 % interval | each seed, % | events a second | CPU a fold |",
            "|---|---|---|---|---|---|",
            line("int8 network, a stream", [one.answers for one in measured], events, seconds),
            line("the same in floats", [one.floats for one in measured]),
            line("int8 network, its state anew in every window", [one.anew for one in measured]),
            line("random forest", [compare(recordings, forest, seed) for seed in seeds]),
            line("logistic regression", [compare(recordings, regression, 0)]),
        )
    )


def by_class(recordings: Recordings, measured: list[Measurement]) -> str:
    """Return a line with the networks' share of right answers in each class."""
    y = measured[0].answers.y
    right = np.mean([one.answers.y == one.answers.answer for one in measured], axis=0)
    shares = (
        f"{name} {right[y == label].mean():.1%} of {np.count_nonzero(recordings.labels == label)}"
        for label, name in enumerate(recordings.classes)
    )
    alike = np.mean([(one.answers.answer == one.floats.answer).mean() for one in measured])
    return (
        f"In a stream, right by class of recordings: {', '.join(shares)}. "
        f"Floats and integers give the same answer to {alike:.2%} of windows."
    )


def page(recordings: Recordings, measured: list[Measurement]) -> str:
    """Return the text of docs/explanation/accuracy-exercises.md."""
    counts = np.bincount(recordings.labels)
    return PAGE.format(
        numpy=np.__version__,
        sklearn=metadata.version("scikit-learn"),
        python=platform.python_version(),
        recordings=len(recordings),
        classes=", ".join(
            f"{name} ({count})" for name, count in zip(recordings.classes, counts, strict=True)
        ),
        table=table(recordings, measured),
        by_class=by_class(recordings, measured),
        resamplings=RESAMPLINGS,
        every=EVERY,
        rate=RATE // EVERY,
        sizes="-".join(map(str, (6, *OPTIONS.hidden, len(recordings.classes)))),
        encoder=OPTIONS.encoder,
        change=OPTIONS.encoder_parameter,
    )


def main() -> int:
    """Measure; exit status 1 if the mean over all seeds misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the recordings")
    parser.add_argument("--quick", action="store_true", help="measure one seed, and write nothing")
    args = parser.parse_args()
    recordings = exercises(args.folder)
    print(*recordings.skipped, *recordings.cut, sep="\n", file=sys.stderr)
    measured = [measure(recordings, seed) for seed in range(1 if args.quick else SEEDS)]
    # The goals are for means over seeds, so one seed cannot miss them.
    if args.quick:
        print(table(recordings, measured), by_class(recordings, measured), sep="\n\n")
        return 0
    TARGET.write_text(page(recordings, measured))
    accuracy = 100 * np.mean([balanced_accuracy(one.answers) for one in measured])
    events = np.mean([one.events for one in measured])
    print(f"{TARGET}: {accuracy:.1f} %, {events:,.0f} synaptic events a second")
    return int(accuracy < AT_LEAST or events > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
