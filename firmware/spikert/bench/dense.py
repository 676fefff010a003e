"""Run an int8 network without spikes, to compare a spiking network with.

Its inputs u8 are multiplied with weights int8 exactly as a kernel holds an input of the direct encoder,
without zeros, and requantised:

    v = (sum of x * w >> 8) + bias
    y = min(255, max(0, (v * factor + half) >> shift))        half = 1 << shift >> 1

The last layer is not requantised: its largest v is the answer. host/spikelet/bench/int8_ann.py makes
such networks. Source: Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference (2018), sec. 2.
"""

from array import array

from spikert import kernels


class Dense:
    """A chain of such layers.

    Parameters
    ----------
    kernel : str, name of the kernel; the module dense_NAME reads its held sums
    data : bytes of a .lif file with the layers' weights and biases; its other parts are ignored
    scaling : (factor, shift) of each layer but the last

    Attributes
    ----------
    answer : function of x u8[inputs]: the index of the largest v; the lowest wins a tie

    Raises
    ------
    ImportError, SyntaxError
        If this interpreter lacks an ability that the kernel needs.
    """

    def __init__(self, kernel, data, scaling):
        from spikert.network import tables

        described, module = tables.Tables(data).layers, kernels.load(kernel)
        ends = getattr(__import__("spikert.bench.dense_" + kernel).bench, "dense_" + kernel)
        self.layers = [module.Layer(table) for table in described]
        steps = []
        for k in range(len(scaling)):
            layer, bias = self.layers[k], described[k].expanded("bias")
            out = bytearray((layer.neurons + 3) & -4)
            end = ends.requantising(layer, bias, array("i", scaling[k]), out)
            steps.append((layer.hold, end, out))
        last = self.layers[-1]
        choose = ends.choosing(last, described[-1].expanded("bias"))
        self.answer = ends.chain(tuple(steps), last.hold, choose)
