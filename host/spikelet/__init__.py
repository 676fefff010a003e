"""Spikelet: spiking networks from training to a five-dollar board, every spike checked.

net = spikelet.train(x, y, hidden=64)
table, report = spikelet.convert(net)
with spikelet.Board("pico") as board:
    board.flash(table)
    print(board.verify(table, x, y))
"""

from typing import TYPE_CHECKING

from spikelet.errors import BoardError, BoardGone, RefusedInput, SpikeletError, UsageError
from spikelet.version import __version__ as __version__

__all__ = [
    "Board",
    "BoardError",
    "BoardGone",
    "ConversionReport",
    "Cut",
    "Dataset",
    "FlashReport",
    "FloatNetwork",
    "Network",
    "RefusedInput",
    "SpikeletError",
    "Trace",
    "TrainingOptions",
    "Turn",
    "UsageError",
    "VerificationReport",
    "convert",
    "load",
    "save",
    "simulate",
    "train",
]

if TYPE_CHECKING:
    from spikelet.api import (
        Board,
        ConversionReport,
        Cut,
        Dataset,
        FlashReport,
        FloatNetwork,
        Network,
        Trace,
        TrainingOptions,
        Turn,
        VerificationReport,
        convert,
        load,
        save,
        simulate,
        train,
    )
else:

    def __getattr__(name: str) -> object:
        """Import numpy and the packages only at the first use of a name, so that help is fast."""
        if name in __all__:
            from spikelet import api  # noqa: PLC0415

            return getattr(api, name)
        raise AttributeError(f"module 'spikelet' has no attribute {name!r}")

    def __dir__() -> list[str]:
        """List the public names only, for completion."""
        return sorted([*__all__, "__version__"])
