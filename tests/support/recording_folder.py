"""Make a folder of recordings for tests: two motions, and typical leftovers."""

import numpy as np

# Samples per second.
RATE = 20
# Hz.
PACES = {"slow": 0.8, "fast": 3.0}


def make(folder, each=8, seconds=10):
    """Write recordings of both classes, an empty file, and one of a class to leave out."""
    rng = np.random.default_rng(0)
    times = np.arange(seconds * RATE) / RATE
    for name, pace in PACES.items():
        for number in range(each):
            wave = np.sin(2 * np.pi * pace * rng.uniform(0.9, 1.1) * times + rng.uniform(0, 6))
            raw = 8000 * wave[:, None] * rng.uniform(0.8, 1.2, 3) + rng.normal(
                0, 300, (len(wave), 3)
            )
            np.save(folder / f"{number}_{name}.npy", raw.astype(np.int16))
    (folder / "9_slow.npy").write_bytes(b"")
    np.save(folder / "9_odd.npy", np.ones((50, 3), np.int16))
    return folder
