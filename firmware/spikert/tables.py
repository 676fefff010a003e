"""The .lif file: a network as tables that a board reads in place.

Little-endian; every part starts at a multiple of 4 bytes and is padded with zeros to the next.

    header     HEADER, 56 bytes
    scaling    offset i32[scales], scale i32[scales]     from raw readings to x, see below
    classes    UTF-8 names joined by newlines
    layers     each: LAYER, 12 bytes
                     its PARAMETERS in order, each i16[1] or, where its bit is set, i16[neurons]
                     weights u8[inputs, stride], biased by 128; stride is neurons rounded up to 4,
                     the columns beyond the neurons hold 128, a weight of zero
    crc        u32, CRC-32 of everything before it

A raw reading becomes an input by x = min(255, max(0, ((raw - offset) * scale) >> shift)); `scales` is
0 (x is the reading), 1 (one pair for all channels) or the number of channels. The parameters are
those of the integer neuron:

    drive    I = ((sum of the rows of W whose input spiked) << gain) + bias
    leak     V = V - ((V * d) >> r)
    add      V = V + I
    floor    V = max(V, low)                        only with FLOORS
    fire     s = V >= theta                         only with FIRES
    reset    V = V - rho, with SETS V = v_reset     where s
    start    V = v_start

The writer is on the host, in spikelet/network.py.
"""

import struct
from array import array

from spikert.compat import const, crc32, mapped

MAGIC = b"SLIF"
VERSION = const(1)  # raise it on any change that an older reader would misread

# magic, version, the encoder's parameter, file size, sha256 of the source graph, inputs, steps, scales,
# encoder, readout, layers, shift, size of the classes
HEADER = "<4sHHI32sHHHBBBBH"
HEADER_SIZE = const(56)
LAYER = "<BBBBHHHH"  # kind, flags, gain, r, inputs, neurons, parameters per neuron, 0
LAYER_SIZE = const(12)
CRC_SIZE = const(4)

ENCODERS = ("direct", "rate", "bernoulli", "latency", "phase")
READOUTS = ("count", "max", "last")
DENSE = const(0)

PARAMETERS = ("bias", "d", "low", "theta", "rho", "v_reset", "v_start")  # bit i: one per neuron
SETS = const(1)
FIRES = const(2)
FLOORS = const(4)

WEIGHT_BIAS = const(128)


class TableError(ValueError):
    """A .lif file that must not be believed; the text says why."""


class LayerTable:
    """One layer: its numbers, and where its arrays stand in the file.

    inputs, neurons, stride    int; a row of weights has `stride` bytes
    gain, r                    int, see the module's equations
    sets, fires, floors        bool
    where                      {parameter: (offset in bytes, entries: 1 or neurons)}
    weights                    int, offset in bytes of u8[inputs, stride]
    end                        int, offset in bytes of what follows
    data                       memoryview, the file these offsets count in
    Raises TableError where a number is out of its range.
    """

    def __init__(self, data, offset):
        kind, flags, self.gain, self.r, self.inputs, self.neurons, per_neuron, _ = (
            struct.unpack_from(LAYER, data, offset)
        )
        if kind != DENSE or self.gain > 7 or not 8 <= self.r <= 15:
            raise TableError(
                "layer of kind %d with gain %d and r %d is not for this runtime"
                % (kind, self.gain, self.r)
            )
        if not self.inputs or not self.neurons:
            raise TableError("layer of %d inputs and %d neurons" % (self.inputs, self.neurons))
        self.sets, self.fires, self.floors = (
            bool(flags & SETS),
            bool(flags & FIRES),
            bool(flags & FLOORS),
        )
        self.stride = aligned(self.neurons)
        self.where = {}
        offset += LAYER_SIZE
        for i, name in enumerate(PARAMETERS):
            entries = self.neurons if per_neuron >> i & 1 else 1
            self.where[name] = (offset, entries)
            offset += aligned(2 * entries)
        self.weights = offset
        self.data = data
        self.end = offset + self.inputs * self.stride

    def parameter(self, name):
        """Return a copy of one of PARAMETERS as array i16[1] or i16[neurons]."""
        offset, entries = self.where[name]
        return array("h", bytes(self.data[offset : offset + 2 * entries]))

    def expanded(self, name):
        """Return a copy of one of PARAMETERS as array i16[neurons], repeated where it is one."""
        values = self.parameter(name)
        if len(values) == 1:
            values = array("h", [values[0] for _ in range(self.neurons)])
        return values


class Tables:
    """A whole network, checked, as views on the bytes of its file.

    data                 memoryview of the file, kept where it lies
    crc, sha256          int and bytes[32]: of this file, and of the graph it came from
    encoder, readout     str, of ENCODERS and READOUTS
    parameter            int, the encoder's, see encode.py
    inputs, steps        int: channels, and steps per sample (T)
    scales, shift        int; `scaling` is the offset in bytes of the two arrays
    classes              tuple of str, one for each neuron of the last layer
    layers               tuple of LayerTable
    Raises TableError unless magic, version, size, CRC and every part's bounds are right.
    """

    def __init__(self, data):
        self.data = data = memoryview(data)
        self._check_whole(data)
        fields = struct.unpack_from(HEADER, data, 0)
        self.parameter = fields[2]
        self.sha256 = fields[4]
        self.inputs, self.steps, self.scales = fields[5:8]
        encoder, readout, layers, self.shift, classes_size = fields[8:]
        if encoder >= len(ENCODERS) or readout >= len(READOUTS):
            raise TableError("encoder %d or readout %d is unknown here" % (encoder, readout))
        self.encoder, self.readout = ENCODERS[encoder], READOUTS[readout]
        self.scaling = HEADER_SIZE
        offset = HEADER_SIZE + 8 * self.scales
        self._check_end(offset + classes_size)
        if self.scales not in (0, 1, self.inputs):
            raise TableError("%d scales for %d inputs" % (self.scales, self.inputs))
        try:
            names = str(bytes(data[offset : offset + classes_size]), "utf-8")
        except UnicodeError:
            raise TableError("its class names are no text")
        self.classes = tuple(names.split("\n"))
        self.layers = tuple(self._read_layers(layers, offset + aligned(classes_size)))
        self._check_chain()

    def _check_whole(self, data):
        if len(data) < HEADER_SIZE + CRC_SIZE or bytes(data[:4]) != MAGIC:
            raise TableError("not a .lif file, or cut short at %d bytes" % len(data))
        version, _, size = struct.unpack_from("<HHI", data, 4)
        if version != VERSION:
            raise TableError("table format %d, but this runtime reads %d" % (version, VERSION))
        if size != len(data):
            raise TableError("%d bytes, but its header says %d" % (len(data), size))
        (self.crc,) = struct.unpack_from("<I", data, size - CRC_SIZE)
        if crc32(data[: size - CRC_SIZE]) != self.crc:
            raise TableError("damaged: its CRC-32 is wrong")

    def _check_end(self, end):
        if end > len(self.data) - CRC_SIZE:
            raise TableError(
                "a part ends at %d, beyond the file's %d bytes" % (end, len(self.data))
            )

    def _read_layers(self, count, offset):
        for _ in range(count):
            self._check_end(offset + LAYER_SIZE)
            layer = LayerTable(self.data, offset)
            self._check_end(layer.end)
            offset = layer.end
            yield layer

    def _check_chain(self):
        width = self.inputs
        for layer in self.layers:
            if layer.inputs != width:
                raise TableError("a layer takes %d inputs, but %d come" % (layer.inputs, width))
            width = layer.neurons
        if self.layers and self.layers[-1].end != len(self.data) - CRC_SIZE:
            raise TableError(
                "its layers end at %d of %d bytes" % (self.layers[-1].end, len(self.data))
            )
        if not self.layers or not self.steps or len(self.classes) != width:
            raise TableError(
                "%d layers, %d steps, %d neurons for %d classes"
                % (len(self.layers), self.steps, width, len(self.classes))
            )


def aligned(size):
    """Return `size` in bytes, rounded up to a multiple of 4."""
    return (size + 3) & -4


def load(path):
    """Return the Tables of the file at `path`, in place where the file system maps it.

    Raises TableError if the file is damaged, OSError if it cannot be read, MemoryError if it does
    not fit in RAM.
    """
    with open(path, "rb") as file:
        view = mapped(file)
        return Tables(file.read() if view is None else view)
