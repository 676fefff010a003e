"""Networks that Spikelet trained, in snnTorch: the same spikes in float."""

import contextlib
import io

import nir
import numpy as np
import pytest
from comparison import REASON, Coding, recorded, torch

from spikelet import snntorch_export, training
from spikelet.training import TrainingOptions

snntorch = pytest.importorskip("snntorch", reason=REASON)
import_nir = pytest.importorskip("snntorch.import_nir", reason=REASON)


def in_snntorch(network, path, samples):
    """Return what snnTorch reads from the file of a network, ready for so many samples."""
    nir.write(path, snntorch_export.for_snntorch(network))
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        read = import_nir.import_from_nir(nir.read(path))
    if snntorch_export.subtracts(network):
        exec(
            snntorch_export.SUBTRACTING, {"snntorch": snntorch, "network": read, "samples": samples}
        )
    return read


@pytest.mark.parametrize("reset", ["subtract", "set"])
@pytest.mark.parametrize("readout", ["count", "max", "last"])
@pytest.mark.parametrize(
    "coding", [Coding("rate", 16), Coding("direct", 8)], ids=lambda coding: coding.encoder
)
@pytest.mark.parametrize("beta", [0.875, 1.0])
def test_spikes_are_the_same(parts, tmp_path, reset, readout, coding, beta):
    training_part, test = parts
    options = TrainingOptions(
        encoder=coding.encoder,
        steps=coding.steps,
        reset=reset,
        readout=readout,
        hidden=(32, 16),
        beta=beta,
        epochs=4,
    )
    network = training.train(training_part, options).network
    read = in_snntorch(network, tmp_path / "net.nir", len(test))
    cells = [getattr(read, f"neurons_{number}") for number in range(len(network.layers))]
    membranes = []

    def simulate():
        for step in coding.signal(test.x):
            read(step)
            membranes.append(cells[-1].mem.clone())
        return torch.stack(membranes)

    theirs, ours = recorded(cells, simulate), network.simulate(test.x)
    for made, wanted in zip(theirs.spikes, ours.spikes, strict=True):
        np.testing.assert_array_equal(made, wanted)
    if readout == "count":
        assert (theirs.spikes[-1].sum(axis=1).argmax(axis=1) == ours.answers).all()
    else:
        assert (theirs.answers(readout) == ours.answers).mean() > 0.99
