"""Change valid inputs at random and give them to their readers: no fault, no hang, no wrong acceptance.

make fuzz COUNT=1000000 SEED=0 MINUTES=60 runs all targets. The number of a case and the seed give its
bytes again, so that `--first NUMBER --count 1` repeats it.
"""

import argparse
import importlib
import random
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from mutation_targets import TARGETS

# Seconds of this process for one case, so that a busy machine changes no result.
LIMIT_S = 10
# Values at which readers go wrong, as bytes of a little-endian number.
EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
# Cases of a process between two reports.
BATCH = 1000


def target(name: str) -> ModuleType:
    """Return the module of a target."""
    return importlib.import_module(f"mutation_targets.{name}")


def case(module: ModuleType, seed: int, number: int) -> bytes:
    """Return the bytes of a case."""
    source = random.Random(f"{seed} {number}")
    data = bytearray(source.choice(module.seeds()))
    for _ in range(source.randint(1, 4)):
        _change(data, source)
    return module.repaired(bytes(data)) if source.random() < 0.75 else bytes(data)


def _change(data: bytearray, source: random.Random) -> None:
    """Change, cut or extend some bytes; half of the changes go to the beginning."""
    end = max(len(data), 1) if source.random() < 0.5 else min(len(data), 130) or 1
    place, length = source.randrange(end), source.choice((1, 2, 4, 8))
    kind = source.randrange(5)
    if kind == 0:
        data[place : place + 1] = bytes([source.randrange(256)])
    elif kind == 1:
        data[place : place + length] = bytes([source.choice(EXTREMES)]) * length
    elif kind == 2:
        del data[place : place + source.randrange(40)]
    elif kind == 3:
        data[place:place] = source.randbytes(length)
    else:
        data[place : place + length] = data[: source.randrange(40)]


def faults(name: str, seed: int, numbers: range) -> Iterator[str]:
    """Check cases; yield a line for each that fails or takes longer than LIMIT_S."""
    module = target(name)
    signal.signal(signal.SIGPROF, _late)
    for number in numbers:
        data = case(module, seed, number)
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        try:
            module.check(data)
        # Any error that a reader does not document is a fault.
        except Exception as error:
            text = " ".join(str(error).split())[:200]
            yield f"{name} --seed {seed} --first {number}: {type(error).__name__}: {text}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _late(*_: object) -> None:
    raise TimeoutError(f"no end within {LIMIT_S} s of the processor")


def _batch(task: tuple[str, int, range]) -> tuple[int, list[str]]:
    return len(task[2]), list(faults(*task))


def main() -> int:
    """Run the cases of the command line; return 1 if one fails, or if none was run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=TARGETS, help=", ".join(TARGETS))
    parser.add_argument("--count", type=int, default=1_000_000, help="cases of each target")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60, help="limit for each target")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    status = 0
    for name in args.targets:
        begun, done, found = time.monotonic(), 0, 0
        ends = range(args.first, args.first + args.count, BATCH)
        last = args.first + args.count
        tasks = ((name, args.seed, range(n, min(n + BATCH, last))) for n in ends)
        with get_context("spawn").Pool(args.jobs) as pool:
            for count, lines in pool.imap(_batch, tasks):
                done, found = done + count, found + len(lines)
                print("".join(f"{line}\n" for line in lines), end="", flush=True)
                if time.monotonic() - begun > 60 * args.minutes:
                    break
            pool.terminate()
        seconds = time.monotonic() - begun
        print(f"{name}: {done:,} cases, {found:,} faults, {seconds:,.0f} s", flush=True)
        status |= found > 0 or not done
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
