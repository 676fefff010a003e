"""Files of NIR graphs, the exchange format of spiking network frameworks.

What stands in a graph of Spikelet's own is said in nir_writer.py. Behind the last byte of HDF5, where
its readers do not look, such a file ends with a checksum of the rest: the HDF5 library itself may
hang or crash on damaged content.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nir

from spikelet import files
from spikelet.errors import SpikeletError
from spikelet.graphs.reader import from_nir
from spikelet.graphs.writer import to_nir
from spikelet.networks.float_network import FloatNetwork

SEAL = b"spikelet crc32 "
SEAL_SIZE = len(SEAL) + 8


def write(
    network: FloatNetwork,
    path: str | Path,
    extras: Mapping[str, str | int | float] | None = None,
) -> None:
    """Write the network as a graph, which `nir.read` reads too; a file there is replaced at once.

    extras  more metadata of the graph, for instance what it was trained on; keys gain the prefix
    Raises SpikeletError if the file cannot be written, or NIR cannot express the network.
    """
    save(to_nir(network, extras), path)


def save(graph: nir.NIRGraph, path: str | Path) -> None:
    """Write a graph with its checksum; a file there is replaced at once.

    Raises SpikeletError if the file cannot be written.
    """
    with files.replacing(path) as temporary:
        nir.write(temporary, graph)
        content = temporary.read_bytes()
        temporary.write_bytes(content + _seal(content))


def read(path: str | Path) -> FloatNetwork:
    """Return the network in a file that `write` wrote, the same to the last bit.

    Raises SpikeletError if the file is missing or damaged, or holds no graph of Spikelet's.
    """
    content = files.read(path)
    with _naming(path):
        return from_nir(_graph(content))


def read_with_sha256(path: str | Path) -> tuple[FloatNetwork, bytes]:
    """Return the network in a file that `write` wrote, and the SHA-256 of the file, bytes[32].

    Tables name the graph that they come from by this hash.

    Raises
    ------
    SpikeletError
        As `read` does.
    """
    content = files.read(path)
    with _naming(path):
        return from_nir(_graph(content)), hashlib.sha256(content).digest()


def read_foreign(path: str | Path) -> nir.NIRGraph:
    """Return the graph in a file that any program wrote, its types unchecked.

    Raises SpikeletError if the file is missing or damaged, or holds no graph.
    """
    content = files.read(path)
    with _naming(path):
        return _graph(content)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in 64 hex digits, by which tables name the graph they are of.

    Raises SpikeletError if the file cannot be read.
    """
    return hashlib.sha256(files.read(path)).hexdigest()


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Make of whatever goes wrong with a file a SpikeletError that begins with its path."""
    try:
        yield
    except SpikeletError as error:
        raise SpikeletError(f"{path}: {error}") from error
    except Exception as error:  # whatever a damaged or foreign file leads nir and h5py into
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SpikeletError(f"{path}: not a NIR graph, or a damaged one: {reason}") from error


def _graph(content: bytes) -> nir.NIRGraph:
    """Return the graph in a file's bytes; only bytes that end with a seal are checked against it.

    Types are left unchecked: nir 1.0.8 infers wrong ones for kernels that are not square.
    """
    body, seal = content[:-SEAL_SIZE], content[-SEAL_SIZE:]
    if seal.startswith(SEAL) and seal != _seal(body):
        raise SpikeletError("is damaged, its checksum is not that of its content")
    return nir.read(io.BytesIO(content), type_check=False)


def _seal(content: bytes) -> bytes:
    return SEAL + b"%08x" % zlib.crc32(content)
