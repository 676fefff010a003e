"""Train, convert and test networks that tell exercises apart, and write accuracy-exercises.md.

python tools/measure_exercises.py FOLDER            # five seeds, some minutes
python tools/measure_exercises.py FOLDER --quick    # one seed, to the screen only

FOLDER holds the recordings of emlearn-micropython, examples/har_trees: acceleration at 100 Hz, int16
x, y and z of 16,384 per g; beside them a labels.csv with the labels of those that were looked at again.
Needs scikit-learn, for what the networks are compared with.
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

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: threads would count as CPU seconds

import numpy as np
from numpy.typing import NDArray

from spikelet.conversion import convert
from spikelet.inputs import scaling
from spikelet.inputs.dataset import Dataset
from spikelet.inputs.recordings import Recordings, folds, load, read_labels, windows
from spikelet.networks import synaptic_events
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.network import Network
from spikelet.training import train as training
from spikelet.training.options import TrainingOptions

TARGET = Path(__file__).parents[1] / "docs/explanation/accuracy-exercises.md"

# The data, and the rule of their labels, which is older than any network.
RATE = 100  # samples per second
WINDOW = 200  # samples: two seconds
HOP = 50  # samples from one answer to the next
QUIET = 600  # LSB: an exercise whose acceleration deviates by less, and which nobody saw, is none
FOLDS = 5
SEEDS = 5
RESAMPLINGS = 2000

# The network and its training, chosen by cross-validation inside the learning part of fold 0.
EVERY = 5  # of a recording's samples the network sees one: a sensor that is read at 20 Hz
BITS = 8
OPTIONS = TrainingOptions(
    hidden=(24,),
    encoder="delta",
    encoder_parameter=8,
    steps=1,
    readout="max",
    beta=0.609375,  # time constants from 0.1 s, 2 samples,
    slowest_beta=0.967,  # to 1.5 s, as training begins
    readout_beta=0.984375,  # 3.2 s
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

# What is to be reached.
AT_LEAST = 88.0  # percent, balanced accuracy
AT_MOST = 1500  # synaptic events a second

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
    """What was said of windows, int64[n] each: the class, the answer, the recording."""

    y: NDArray[np.int64]
    answer: NDArray[np.int64]
    recording: NDArray[np.int64]


class Measurement(NamedTuple):
    """A network through all folds.

    answers  of windows in a stream: the state goes on from the recording's beginning
    floats   the same, of the network before it was converted
    anew     of windows that each start with a state of zero
    events   synaptic events per second
    seconds  of CPU, for the training of one fold
    """

    answers: Answers
    floats: Answers
    anew: Answers
    events: float
    seconds: float


def exercises(folder: Path) -> Recordings:
    """Return the recordings with their labels by the rule."""
    recordings = load(folder, excluded=["mixed"])
    seen, other = read_labels(folder), recordings.classes.index("other")
    quiet = [
        name not in seen and np.linalg.norm(raw, axis=1).std() < QUIET
        for name, raw in zip(recordings.names, recordings.raw, strict=True)
    ]
    return replace(recordings, labels=np.where(quiet, other, recordings.labels))


def parts(recordings: Recordings) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the recordings to learn from and those to test with, int64[n], of each fold."""
    fold = folds(recordings, FOLDS)
    for k in range(FOLDS):
        yield np.flatnonzero(fold != k), np.flatnonzero(fold == k)


# What networks are compared with


def features(x: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return float64[n, features] of windows int16[n, samples, 3].

    Of each axis and of the magnitude: mean, deviation, least, largest, quartiles, mean step, and how
    often the mean is crossed; of each pair of axes the correlation.
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
    """Return what a classifier says of every window, trained on the other folds' windows."""
    x, y, recording, _ = windows(recordings, WINDOW, HOP)
    found, answer = features(x), np.empty_like(y)
    for learn, test in parts(recordings):
        learned, tested = np.isin(recording, learn), np.isin(recording, test)
        answer[tested] = make(seed).fit(found[learned], y[learned]).predict(found[tested])
    return Answers(y, answer, recording)


# Networks


def train(recordings: Recordings, seed: int) -> FloatNetwork:
    """Return a network trained on recordings at its own rate."""
    raw, y, recording, _ = windows(recordings, WINDOW // EVERY, HOP // EVERY)
    # One scale for all axes, so that training can turn them into each other.
    scale = scaling.fit(recordings.raw, shared=True)
    samples = Dataset(scale.apply(raw), y, recordings.classes, "exercises", groups=recording)
    middle = int(scale.apply(np.zeros(3, np.int16))[0])
    options = replace(OPTIONS, middle=middle, seed=seed)
    network = training.train(samples, options).network
    return replace(network, scaling=scale, dt=EVERY / RATE)


def measure(recordings: Recordings, seed: int) -> Measurement:
    """Train, convert and test a network in every fold."""
    slower = recordings.thinned(EVERY)
    answers, floats, anew, events, seconds = [], [], [], [], 0.0
    for learn, test in parts(recordings):
        start = time.process_time()
        network = train(slower.take(learn), seed)
        seconds += time.process_time() - start
        integer, _ = convert.convert(network, bits=BITS)
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
    """Return what a network says of a recording, once its first window is full."""
    answer = network.simulate(_whole_hops(slower.raw[index])).answers[0, WINDOW // HOP - 1 :]
    return Answers(np.full_like(answer, slower.labels[index]), answer, np.full_like(answer, index))


def _events(network: Network, slower: Recordings, index: int) -> tuple[float, float]:
    """Return the synaptic events of a recording, and its seconds."""
    x = _whole_hops(slower.raw[index])
    samples = x.shape[1]
    events = synaptic_events.synaptic_events(network, x, network.simulate(x).spikes) * samples
    return events, samples * EVERY / RATE


def _whole_hops(raw: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return a recording as int16[1, samples, channels], without the hop that it ends within."""
    hop = HOP // EVERY
    return raw[None, : len(raw) // hop * hop]


def _anew(network: Network, slower: Recordings, test: NDArray[np.int64]) -> Answers:
    """Return what a network says of windows, each of which starts with a state of zero."""
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

    Recordings, not windows, are drawn with replacement, from each class as many as it has: windows
    of one recording are near copies.
    """
    y, recording = all_answers[0].y, all_answers[0].recording
    right = np.mean([answers.y == answers.answer for answers in all_answers], axis=0)
    kept, first, size = np.unique(recording, return_index=True, return_counts=True)
    hits = np.array([right[recording == index].sum() for index in kept])
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


def table(recordings: Recordings, found: list[Measurement]) -> str:
    """Return all results as a Markdown table."""
    seeds = range(len(found))
    events = f"{np.mean([one.events for one in found]):,.0f}"
    seconds = f"{max(one.seconds for one in found):.1f} s"
    return "\n".join(
        (
            "| | balanced accuracy | 95 % interval | each seed, % | events a second | CPU a fold |",
            "|---|---|---|---|---|---|",
            line("int8 network, a stream", [one.answers for one in found], events, seconds),
            line("the same in floats", [one.floats for one in found]),
            line("int8 network, its state anew in every window", [one.anew for one in found]),
            line("random forest", [compare(recordings, forest, seed) for seed in seeds]),
            line("logistic regression", [compare(recordings, regression, 0)]),
        )
    )


def by_class(recordings: Recordings, found: list[Measurement]) -> str:
    """Return a line with the networks' share of right answers in each class."""
    y = found[0].answers.y
    right = np.mean([one.answers.y == one.answers.answer for one in found], axis=0)
    shares = (
        f"{name} {right[y == label].mean():.1%} of {np.count_nonzero(recordings.labels == label)}"
        for label, name in enumerate(recordings.classes)
    )
    alike = np.mean([(one.answers.answer == one.floats.answer).mean() for one in found])
    return (
        f"In a stream, right by class of recordings: {', '.join(shares)}. "
        f"Floats and integers give the same answer to {alike:.2%} of windows."
    )


def page(recordings: Recordings, found: list[Measurement]) -> str:
    """Return docs/explanation/accuracy-exercises.md."""
    counts = np.bincount(recordings.labels)
    return PAGE.format(
        numpy=np.__version__,
        sklearn=metadata.version("scikit-learn"),
        python=platform.python_version(),
        recordings=len(recordings),
        classes=", ".join(
            f"{name} ({count})" for name, count in zip(recordings.classes, counts, strict=True)
        ),
        table=table(recordings, found),
        by_class=by_class(recordings, found),
        resamplings=RESAMPLINGS,
        every=EVERY,
        rate=RATE // EVERY,
        sizes="-".join(map(str, (6, *OPTIONS.hidden, len(recordings.classes)))),
        encoder=OPTIONS.encoder,
        change=OPTIONS.encoder_parameter,
    )


def main() -> int:
    """Measure; exit status 1 if the mean over all seeds falls short of what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of the recordings")
    parser.add_argument("--quick", action="store_true", help="one seed, and write nothing")
    args = parser.parse_args()
    recordings = exercises(args.folder)
    print(*recordings.skipped, *recordings.cut, sep="\n", file=sys.stderr)
    found = [measure(recordings, seed) for seed in range(1 if args.quick else SEEDS)]
    if args.quick:  # one seed is no mean: it shows the way, and decides nothing
        print(table(recordings, found), by_class(recordings, found), sep="\n\n")
        return 0
    TARGET.write_text(page(recordings, found))
    accuracy = 100 * np.mean([balanced_accuracy(one.answers) for one in found])
    events = np.mean([one.events for one in found])
    print(f"{TARGET}: {accuracy:.1f} %, {events:,.0f} synaptic events a second")
    return int(accuracy < AT_LEAST or events > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
