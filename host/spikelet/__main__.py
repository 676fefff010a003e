"""Run the command `spikelet` as `python -m spikelet`."""

import sys

from spikelet.cli import main

if __name__ == "__main__":
    sys.exit(main())
