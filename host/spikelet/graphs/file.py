"""Read and write files of NIR graphs, the exchange format of spiking frameworks.

writer.py describes the contents of Spikelet's own graphs. A checksum follows the last byte of HDF5,
which HDF5 readers ignore. It protects the HDF5 library, which may hang or crash on damaged content.
"""

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import nir

from spikelet import files
from spikelet.errors import RefusedInput, SpikeletError
from spikelet.graphs.file_kinds import check_graph_file
from spikelet.graphs.reader import from_nir
from spikelet.graphs.writer import to_nir
from spikelet.networks.float_network import FloatNetwork

SEAL = b"spikelet crc32 "
SEAL_SIZE = len(SEAL) + 8


def write_graph(
    network: FloatNetwork,
    path: str | Path,
    extras: Mapping[str, str | int | float] | None = None,
) -> None:
    """Write the network as a graph that `nir.read` reads too; replace the file atomically.

    Parameters
    ----------
    network : FloatNetwork
    path : path
    extras : dict, optional
        More metadata of the graph, for instance the name of the training data; keys gain the prefix.

    Raises
    ------
    SpikeletError
        If the file cannot be written, or NIR cannot express the network.
    """
    save_graph(to_nir(network, extras), path)


def save_graph(graph: nir.NIRGraph, path: str | Path) -> None:
    """Write a graph with its checksum; replace the file atomically.

    Raises
    ------
    SpikeletError
        If the file cannot be written.
    """
    content = files.in_memory(nir.write, graph)
    with files.replacing(path) as temporary:
        temporary.write_bytes(content + _seal(content))


def read_graph(path: str | Path) -> FloatNetwork:
    """Return the network in a file of `write_graph`, identical to the last bit.

    Raises
    ------
    SpikeletError
        If the file is missing or damaged, or contains no graph of Spikelet's.
    """
    content = _content(path)
    with _naming(path):
        return from_nir(_graph(content))


def read_with_sha256(path: str | Path) -> tuple[FloatNetwork, bytes]:
    """Return the network in a file of `write_graph`, and the SHA-256 of the file.

    Tables identify their graph by this hash.

    Returns
    -------
    FloatNetwork
    bytes[32]

    Raises
    ------
    SpikeletError
        See `read_graph`.
    """
    content = _content(path)
    with _naming(path):
        return from_nir(_graph(content)), hashlib.sha256(content).digest()


def read_foreign(path: str | Path) -> nir.NIRGraph:
    """Return the graph in a file of any program, with unchecked types.

    Raises
    ------
    SpikeletError
        If the file is missing or damaged, or contains no graph.
    """
    content = _content(path)
    with _naming(path):
        return _graph(content)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file in 64 hex digits; tables identify their graph by it.

    Raises
    ------
    SpikeletError
        If the file cannot be read.
    """
    return hashlib.sha256(files.read(path)).hexdigest()


def _content(path: str | Path) -> bytes:
    """Return the bytes of a file that may be a graph."""
    content = files.read(path)
    check_graph_file(path, content)
    return content


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Convert every exception to a SpikeletError that begins with the path of the file."""
    try:
        yield
    except SpikeletError as error:
        raise RefusedInput(f"{path}: {error}") from error
    # nir and h5py document no exceptions for damaged and foreign files.
    except Exception as error:
        raise RefusedInput(f"{path}: not a NIR graph, or a damaged one; write it again") from error


def _graph(content: bytes) -> nir.NIRGraph:
    """Return the graph in a file's bytes; check the checksum if they have one.

    Types are left unchecked: nir 1.0.8 infers wrong ones for kernels that are not square.
    """
    body, seal = content[:-SEAL_SIZE], content[-SEAL_SIZE:]
    if seal.startswith(SEAL) and seal != _seal(body):
        raise RefusedInput("is damaged, its checksum is not that of its content")
    return nir.read(io.BytesIO(content), type_check=False)


def _seal(content: bytes) -> bytes:
    """Return the checksum at the end of a file with this content."""
    return SEAL + b"%08x" % zlib.crc32(content)
