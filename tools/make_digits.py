"""Make host/spikelet/data/digits.npz from the copy of the digits inside scikit-learn's wheel.

pip download --no-deps --only-binary :all: scikit-learn
python tools/make_digits.py scikit_learn-*.whl
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

# A row is 64 pixels of 0..16 and the digit.
MEMBER = "sklearn/datasets/data/digits.csv.gz"
TARGET = Path(__file__).parents[1] / "host" / "spikelet" / "data" / "digits.npz"


def read_rows(wheel: Path) -> np.ndarray:
    """Return int64[1797, 65], the table inside `wheel`."""
    with zipfile.ZipFile(wheel) as archive:
        text = gzip.decompress(archive.read(MEMBER))
    return np.loadtxt(io.BytesIO(text), delimiter=",").astype(np.int64)


def main() -> None:
    """Read the wheel named on the command line and write the package's data file."""
    rows = read_rows(Path(sys.argv[1]))
    np.savez_compressed(
        TARGET,
        x=np.minimum(255, 16 * rows[:, :64]).astype(np.uint8),
        y=rows[:, 64].astype(np.uint8),
        classes=np.array([str(digit) for digit in range(10)]),
    )
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
