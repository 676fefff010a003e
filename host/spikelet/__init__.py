"""Spikelet: spiking networks from training to a five-dollar board, every spike checked."""

from typing import TYPE_CHECKING

from spikelet.errors import SpikeletError

__version__ = "0.1.0"
__all__ = ["Network", "SpikeletError", "load"]

if TYPE_CHECKING:
    from spikelet.networks.network import Network, load
else:

    def __getattr__(name: str) -> object:
        """Import numpy and what needs it only when asked, so that the command's help is fast."""
        if name in ("Network", "load"):
            from spikelet.networks import network

            return getattr(network, name)
        raise AttributeError(f"module 'spikelet' has no attribute {name!r}")
