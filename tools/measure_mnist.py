"""Train, convert and test small convolutional networks on part of MNIST, and print the table.

python tools/measure_mnist.py FOLDER          # with t10k-images-idx3-ubyte.gz and its labels
python tools/measure_mnist.py FOLDER --quick  # one seed

Of MNIST's 10,000 test images, the first 8,000 are for training and the last 2,000 for the test: the
figures are not to be compared with others' on MNIST, who train on 60,000 and test on all of these.
"""

import argparse
import gzip
import sys
import time
from pathlib import Path

import numpy as np
from measure_accuracy import Measurement, Row, arguments, spiking, table

from spikelet import conversion, evaluation
from spikelet.dataset import Dataset

TRAIN, IMAGES = 8000, 10_000
SEEDS = 3
HEADERS = {"images": 16, "labels": 8}  # bytes before the data of an idx file of 3 or 1 dimensions
ROWS = (
    Row(
        "8k5s2-16k3s2-10",
        "--convolutions 8k5s2p2,16k3s2p1 --hidden none --augment --epochs 60",
        97.5,
        17_000,
    ),
)


def load(folder: Path) -> Dataset:
    """Return the 10,000 test images of MNIST; source: LeCun et al. (1998), see `convolution.py`."""
    x = read(folder / "t10k-images-idx3-ubyte.gz", HEADERS["images"]).reshape(IMAGES, -1)
    y = read(folder / "t10k-labels-idx1-ubyte.gz", HEADERS["labels"])
    return Dataset(x, y.astype(np.int64), tuple("0123456789"), "mnist")


def read(path: Path, header: int) -> np.ndarray:
    """Return the bytes uint8[n] that follow the header of an idx file."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def measure(samples: Dataset, row: Row, seed: int) -> Measurement:
    """Train and convert one network, and test it."""
    learn = samples.take(np.arange(TRAIN))
    test = samples.take(np.arange(TRAIN, IMAGES))
    start = time.process_time()
    network, answer = spiking(arguments(row, seed), learn)
    seconds = time.process_time() - start
    integer, _ = conversion.convert(network, bits=row.bits)
    score = evaluation.evaluate(integer, test)
    answers = answer(test.x)
    return Measurement(
        score.accuracy,
        evaluation.accuracy(answers, test),
        float((answers == integer.simulate(test.x).answers).mean()),
        score.synaptic_events,
        seconds,
    )


def main() -> int:
    """Measure every row, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where MNIST's t10k files are")
    parser.add_argument("--quick", action="store_true", help="one seed")
    args = parser.parse_args()
    samples = load(args.folder)
    seeds = range(1 if args.quick else SEEDS)
    found = [[measure(samples, row, seed) for seed in seeds] for row in ROWS]
    print(table(ROWS, found))
    for row in ROWS:
        print(f"\n{row.name}: `{row.options}`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
