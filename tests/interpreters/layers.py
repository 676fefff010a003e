# Step the layers of a network: the same output with every kernel on every interpreter.
# Run with the folder of the firmware, a kernel, a .lif file, and a file of signals to the first
# layer. Each line is one of
#     start            reset all state
#     hold X ...       hold a sample's x
#     step             a step on the held sums
#     step SHIFT I ... a step on the inputs that spiked, shifted
# Prints for each step each layer's spikes and membranes.
import sys
from array import array

sys.path.insert(0, sys.argv[1])

from spikert import kernels
from spikert.network import tables

layers = [kernels.load(sys.argv[2]).Layer(table) for table in tables.load(sys.argv[3]).layers]
with open(sys.argv[4]) as file:
    for line in file:
        words = line.split()
        numbers = [int(word) for word in words[1:]]
        if words[0] == "start":
            for layer in layers:
                layer.reset()
        elif words[0] == "hold":
            layers[0].hold(bytearray(numbers))
        else:
            shift, events = (numbers[0], array("H", numbers[1:])) if numbers else (0, None)
            count = len(numbers) - 1
            for layer in layers:
                count = layer.step(events, count, shift)
                events, shift = layer.events, 0
                membranes = bytes(layer.membranes())
                print([events[k] for k in range(count)], list(membranes))
