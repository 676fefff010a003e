"""Files of other programs are named, with the way to a graph, and no pickle is loaded."""

import pytest

from spikelet.errors import UsageError
from spikelet.graphs import file
from spikelet.networks.lif_file import load_network


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.onnx", b"\x08\x07", "an ONNX model"),
        ("a.tflite", b"TFL3", "a TensorFlow Lite model"),
        ("a.keras", b"PK\x03\x04", "a Keras model"),
        ("weights.pt", b"PK\x03\x04", "a file of PyTorch"),
        ("weights", b"PK\x03\x04", "a file of PyTorch"),
        ("a.pkl", b"\x80\x04.", "a pickle of Python, which is never loaded"),
        ("a", b"\x80\x04.", "a pickle of Python, which is never loaded"),
        ("a.nir", b"SLIF", "an integer network"),
        ("a.npy", b"\x93NUMPY", "an array of numpy"),
        ("a.journal", b"spikelet journal\n", "a recording of spikelet monitor"),
    ],
)
def test_read_foreign_names_kind(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    for read in (file.read_foreign, file.read_graph):
        with pytest.raises(UsageError, match=f"{name} is {kind}.*, and no NIR graph; "):
            read(tmp_path / name)


def test_graph_given_as_lif_file_names_convert(tmp_path):
    (tmp_path / "net.lif").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(
        UsageError, match="is a graph; make a .lif file of it with spikelet convert"
    ):
        load_network(tmp_path / "net.lif")
