"""Spikelet: spiking networks from training to a five-dollar board, every spike checked."""

from typing import TYPE_CHECKING

from spikelet.errors import SpikeletError
from spikelet.version import __version__

__all__ = ["Network", "SpikeletError", "__version__", "load"]

if TYPE_CHECKING:
    from spikelet.networks.lif_file import load_network as load
    from spikelet.networks.network import Network
else:

    def __getattr__(name: str) -> object:
        """Import numpy and what needs it only when asked, so that the command's help is fast."""
        if name == "Network":
            from spikelet.networks.network import Network

            return Network
        if name == "load":
            from spikelet.networks.lif_file import load_network

            return load_network
        raise AttributeError(f"module 'spikelet' has no attribute {name!r}")
