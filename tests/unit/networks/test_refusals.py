"""Networks that are not proved, or ask for more than host and boards have, are refused alike."""

from dataclasses import replace

import numpy as np
import pytest

from spikelet.errors import RefusedInput
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.geometry import Geometry
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network
from spikelet.networks.proof import check_proof
from spikelet.networks.protocol import StreamWindow


def unproved() -> Network:
    """Return a network whose sums leave int16."""
    weights = np.full((8, 2), 127, np.int8)
    return Network("direct", 50, "max", ("a", "b"), [Layer(weights=weights, gain=7)])


def endless() -> Network:
    """Return a network of few bytes with 65,535 steps of 65,537 neurons."""
    one = np.ones((1, 1), np.int8)
    wide = Geometry(size=(1, 65535), channels=1, kernel=(1, 1), out=(1, 65535))
    narrow = Geometry(size=(1, 65535), channels=1, kernel=(1, 1), out=(1, 2))
    layers = [Layer(weights=one, theta=1, geometry=shape) for shape in (wide, narrow)]
    return Network("rate", 65535, "count", ("a", "b"), layers)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (unproved(), "not proved: layer 0 can reach 6,476,800, above 32,767, the end of int16"),
        (endless(), "65,535 steps of 65,537 neurons are 4,294,967,295 values for an answer"),
    ],
)
def test_every_verb_refuses_with_the_same_sentence(spikelet, tmp_path, network, words):
    path = tmp_path / "net.lif"
    lif_file.save_network(network, path)
    sentences = set()
    for verb in ("inspect", "flash", "verify"):
        port = () if verb == "inspect" else ("--port", "virtual")
        status, _, err = spikelet(verb, path, *port)
        assert (status, err.count("\n")) == (4, 1)
        assert words in err
        sentences.add(err.partition(": ")[2])
    assert len(sentences) == 1


def test_lanes_that_differences_leave_are_refused():
    layer = Layer(weights=np.full((2, 1), 100, np.int8), theta=-32768, low=-32768, lanes=True)
    network = Network("rate", 4, "count", ("a",), [layer])
    with pytest.raises(RefusedInput, match="not proved: layer 0"):
        check_proof(network)
    check_proof(replace(network, layers=[replace(layer, lanes=False)]))


def test_check_answer_size_counts_scores_of_window():
    layer = Layer(weights=np.ones((1, 2), np.int8))
    network = Network("rate", 1000, "max", ("a", "b"), [layer], stream=StreamWindow(65000, 1))
    with pytest.raises(RefusedInput, match="65,000,000 steps of 2 classes"):
        check_answer_size(network)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"padding": (60000, 60000)},
            "3,600,240,004 values for its padded input, above 16,777,216",
        ),
        ({"kernel": (300, 300), "out": (20, 20)}, "36,000,000 values for its kernel at all places"),
    ],
)
def test_convolution_without_room_for_its_arrays_is_refused(fields, words):
    shape = {"size": (2, 2), "channels": 1, "kernel": (1, 1), "out": (1, 1)} | fields
    with pytest.raises(RefusedInput, match=words):
        Geometry(**shape)
