"""Counts of synaptic events."""

import numpy as np
from float_layers import layer, network, x

from spikelet.inputs import encoders
from spikelet.networks.synaptic_events import count_synaptic_events


def test_synaptic_events_of_spikes_and_of_direct_inputs():
    samples = x([0, 9, 200], [0, 0, 255])
    chain = network(layer(np.ones((3, 5))), layer(np.ones((5, 2))))
    hidden, last = np.zeros((2, 4, 5), np.uint8), np.ones((2, 4, 2), bool)
    hidden[0, 1, 2:] = 1
    # 3 inputs reach 5 neurons each, 3 spikes reach 2 each; spikes of the last layer reach none.
    assert count_synaptic_events(chain, samples, [hidden, last]) == (3 * 5 + 3 * 2) / 2
    inputs = np.count_nonzero(encoders.spikes("rate", samples, 4))
    spiking = network(*chain.layers, encoder="rate")
    assert count_synaptic_events(spiking, samples, [hidden, last]) == (inputs * 5 + 3 * 2) / 2
