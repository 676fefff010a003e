"""Name the kind of a file that is no NIR graph, and say how its network becomes one.

Only the first bytes and the name are looked at. A pickle may run programs, so none is ever loaded.
"""

from __future__ import annotations

from pathlib import Path

from spikelet.errors import UsageError
from spikert.network.tables import MAGIC

HDF5 = b"\x89HDF\r\n\x1a\n"
_EXPORT = (
    "build it of spiking layers in snnTorch, Norse or another framework of NIR, and export that"
)
_TORCH = (
    "a file of PyTorch, which holds weights without their network",
    "load it into its network there, and export that with nir",
)
# Beginning, suffixes, kind and remedy. A beginning or a suffix decides.
_KINDS = (
    (MAGIC, (".lif",), "an integer network", "name the graph that it was converted from"),
    (
        b"spikelet journal\n",
        (".journal",),
        "a recording of spikelet monitor",
        "spikelet export takes it",
    ),
    (None, (".onnx",), "an ONNX model of neurons that do not spike", _EXPORT),
    (None, (".tflite",), "a TensorFlow Lite model of neurons that do not spike", _EXPORT),
    (None, (".keras",), "a Keras model of neurons that do not spike", _EXPORT),
    (None, (".pt", ".pth", ".ckpt", ".safetensors"), *_TORCH),
    (b"\x93NUMPY", (".npy",), "an array of numpy", "spikelet train takes samples"),
    (None, (".npz",), "an archive of numpy's arrays", "spikelet train takes samples"),
    (
        b"\x80",
        (".pkl", ".pickle", ".joblib"),
        "a pickle of Python, which is never loaded because it can run any program",
        "load it where you trust it, and export its network with nir",
    ),
)
_ZIPPED = b"PK\x03\x04"


def check_graph_file(path: str | Path, content: bytes) -> None:
    """Refuse a file of a kind that is known and no graph.

    Parameters
    ----------
    path : path
    content : bytes

    Raises
    ------
    UsageError
        If the file is no HDF5 and of a known kind; the message names it and the way to a graph.
    """
    if content.startswith(HDF5):
        return
    suffix = Path(path).suffix.lower()
    found = next((kind for kind in _KINDS if suffix in kind[1]), None) or next(
        (kind for kind in _KINDS if kind[0] and content.startswith(kind[0])), None
    )
    if found is not None:
        _, _, kind, remedy = found
    elif content.startswith(_ZIPPED):
        kind, remedy = _TORCH
    else:
        return
    raise UsageError(f"{path} is {kind}, and no NIR graph; {remedy}")
