"""Counts of synaptic events."""

from dataclasses import replace

import numpy as np
import pytest
from float_layers import layer, network, x

from spikelet.conversion.convert import convert_network
from spikelet.inputs import encoders
from spikelet.networks.float_network import FloatNetwork
from spikelet.networks.protocol import StreamWindow
from spikelet.networks.synaptic_events import count_synaptic_events


def test_synaptic_events_of_spikes_and_of_direct_inputs():
    samples = x([0, 9, 200], [0, 0, 255])
    chain = network(layer(np.ones((3, 5))), layer(np.ones((5, 2))))
    hidden, last = np.zeros((2, 4, 5), bool), np.ones((2, 4, 2), bool)
    hidden[0, 1, 2:] = 1

    def events(chain):
        trace = replace(chain.simulate(samples), spikes=(hidden, last))
        return count_synaptic_events(chain, trace)

    # 3 inputs reach 5 neurons each, 3 spikes reach 2 each; spikes of the last layer reach none.
    assert events(chain) == (3 * 5 + 3 * 2) / 2
    inputs = np.count_nonzero(encoders.spikes("rate", samples, 4))
    assert events(network(*chain.layers, encoder="rate")) == (inputs * 5 + 3 * 2) / 2


@pytest.mark.parametrize("encoder", ["direct", "rate", "latency", "phase", "delta"])
def test_float_and_integer_traces_count_the_same_input_events(encoder):
    samples = np.random.default_rng(1).integers(0, 256, (5, 12, 3)).astype(np.uint8)
    one = layer(np.ones((encoders.inputs(encoder, 3), 2)))
    chain = FloatNetwork(
        layers=(one,),
        encoder=encoder,
        steps=4,
        readout="max",
        classes=("a", "b"),
        encoder_parameter=encoders.parameter(encoder, None),
        stream=StreamWindow(4, 2),
    )
    integer, _ = convert_network(chain)
    events = chain.simulate(samples).inputs
    assert events.sum() > 0
    assert np.array_equal(integer.simulate(samples).inputs, events)
