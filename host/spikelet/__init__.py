"""Spikelet: spiking networks from training to a five-dollar board, every spike checked."""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Network", "SpikeletError", "load"]

if TYPE_CHECKING:
    from spikelet.errors import SpikeletError
    from spikelet.network import Network, load


def __getattr__(name: str) -> object:
    """Import what is asked for only then, so that the command's help is there at once."""
    if name in ("Network", "load"):
        from spikelet import network

        return getattr(network, name)
    if name == "SpikeletError":
        from spikelet.errors import SpikeletError

        return SpikeletError
    raise AttributeError(f"module 'spikelet' has no attribute {name!r}")
