"""The .lif file: a network as tables that a board reads in place.

Little-endian; every part starts at a multiple of 4 bytes and is padded with zeros to the next.

    header     HEADER, 60 bytes
    scaling    offset i32[scales], scale i32[scales]     from raw readings to x, see below
    classes    UTF-8 names joined by newlines
    layers     each: LAYER, 16 bytes
                     of a convolution: GEOMETRY, 28 bytes
                     its PARAMETERS in order, each i16[1] or, if its bit is set, i16[maps]
                     weights, see below
    crc        u32, CRC-32 of all bytes before it
    text       only in format WITH_TEXT: TEXT, then UTF-8, the origin of the network; a board reads none
               of it

A raw reading becomes an input by x = min(255, max(0, ((raw - offset) * scale) >> shift)). `scales` is
0 (x is the reading, a u8), 1 (one pair for all channels) or the number of channels. With scales a
reading is an i16.

`steps` follow on each sample. A static network resets all state before each sample and answers after
it; its hop and window are 0. A stream keeps its state. It answers every `hop` samples over the last
`window` of them, a multiple of hop.

A layer's neurons are `maps` neurons at each pixel, those of a pixel side by side. A dense layer has one
pixel and so a map for each neuron. Its parameters, those of the integer neuron, are the same at all
pixels:

    drive    I = ((sum of the weights whose input spiked) << gain) + bias
    leak     V = V - ((V * d) >> r)
    add      V = V + I
    floor    V = max(V, low)                        only with FLOORS
    fire     s = V >= theta                         only with FIRES
    reset    V = V - rho, with SETS V = v_reset     if s
    start    V = v_start

With CURRENT the drive feeds a synaptic current, which starts at 0 and is added in its place:

    I = I_before - ((I_before * current_d) >> current_r) + drive

DENSE      u8[inputs, stride]. `weight_bias` was added to each weight, so that none is negative. stride
           is maps rounded up to 4; the columns beyond contain the bias, a weight of zero. Any
           `together` rows can be added in bytes: in no column is their sum above 255. So a word of
           four columns is a sum of four. With PAIRS u16[inputs, stride / 2], biased alike; then stride
           is 2 * maps rounded up to 4. With RECURRENT another row follows for each neuron: the weights
           of the layer's own spikes of the step before, which the encoder's shift does not touch.
           READ_AHEAD zeros follow, because kernels read rows block by block, and the last block passes
           the end.
CONVOLUTION  i8, for each channel of the input a block of kernel_h * kernel_w * maps. In it a spike
           finds its patch in the order of the neurons. With y' = y + pad_h, the spike reaches the row
           y' // stride_h by the kernel's row y' % stride_h. It reaches each row above by a kernel row
           stride_h further, until the kernel ends; columns alike. So there is a part for each
           y' % stride_h and in it for each x' % stride_w, with the kernel's rows and columns in falling
           order. Before all that, inputs are summed in windows of pool_h * pool_w; the remainder at the
           far edges is dropped: y is the spike's own row // pool_h.

With LANES it is also proved that no difference of a membrane and theta or low leaves int16. So a kernel
may compare two neurons in one word.

The host writes it in spikelet/networks/lif_file.py.
"""

import struct
from array import array

from spikert.compat import const, mapped
from spikert.wire.checksums import crc32

MAGIC = b"SLIF"
# Raise it on any change that an older reader would misread.
VERSION = const(3)
# The same tables, with a text behind them.
WITH_TEXT = const(4)
# Length and CRC-32 of the text.
TEXT = "<II"
TEXT_SIZE = const(8)
# Magic, version and size of the tables.
PREFIX_SIZE = const(12)

# Magic, version, the encoder's parameter, size of the tables, SHA-256 of the source graph, channels,
# steps, hop, window, scales, encoder, readout, layers, shift, size of the classes.
HEADER = "<4sHHI32sHHHHHBBBBH"
HEADER_SIZE = const(60)
# kind, flags, gain, r, inputs, neurons, parameters per map, current_r, weight_bias, together, 0
LAYER = "<BBBBHHHBBHH"
LAYER_SIZE = const(16)
# height, width and channels of the input, pool_h, pool_w, kernel_h, kernel_w, stride_h, stride_w,
# pad_h (above), pad_w (on the left), height and width of the neurons, 0
GEOMETRY = "<14H"
GEOMETRY_SIZE = const(28)
CRC_SIZE = const(4)
# Most parts of a convolution's weights: one for each position between two of its strides.
MAX_PARTS = const(4096)

ENCODERS = ("direct", "rate", "bernoulli", "latency", "phase", "delta")
READOUTS = ("count", "max", "last")
DENSE = const(0)
CONVOLUTION = const(1)

# Bit i of a layer's field is set if parameter i is per map.
PARAMETERS = ("bias", "d", "low", "theta", "rho", "v_reset", "v_start", "current_d")
SETS = const(1)
FIRES = const(2)
FLOORS = const(4)
RECURRENT = const(8)
CURRENT = const(16)
LANES = const(32)
PAIRS = const(64)

# The largest bias, of a weight of 8 bits.
MOST_BIAS = const(128)
# Bytes behind the rows of a dense layer.
READ_AHEAD = const(32)


class TableError(ValueError):
    """A .lif file that is damaged or not supported; the text gives the reason."""


class Geometry:
    """The fields of a convolution; see the module.

    Attributes
    ----------
    height, width, channels, pool_h, pool_w, kernel_h, kernel_w : int, in pixels
    stride_h, stride_w, pad_h, pad_w, out_h, out_w : int, in pixels
    pooled_h, pooled_w : int, size of the input after pooling

    Raises
    ------
    TableError
        If a size is 0 or the strides are too large.
    """

    def __init__(self, data, offset):
        fields = struct.unpack_from(GEOMETRY, data, offset)
        self.height, self.width, self.channels, self.pool_h, self.pool_w = fields[:5]
        self.kernel_h, self.kernel_w, self.stride_h, self.stride_w = fields[5:9]
        self.pad_h, self.pad_w, self.out_h, self.out_w = fields[9:13]
        if not min(fields[:9]) or not self.out_h or not self.out_w:
            raise TableError("a convolution in which something has size 0: %s" % (fields[:13],))
        if self.stride_h * self.stride_w > MAX_PARTS:
            raise TableError("a convolution of stride %d x %d" % (self.stride_h, self.stride_w))
        self.pooled_h, self.pooled_w = self.height // self.pool_h, self.width // self.pool_w

    def parts(self):
        """Return array i32[stride_h, stride_w, 3]: each part's rows, columns and first pixel."""
        parts, first = array("i"), 0
        for row in range(self.stride_h):
            rows = _steps(self.kernel_h - row, self.stride_h)
            for column in range(self.stride_w):
                columns = _steps(self.kernel_w - column, self.stride_w)
                parts.extend(array("i", (rows, columns, first)))
                first += rows * columns
        return parts


class LayerTable:
    """One layer: its numbers, and the offsets of its arrays in the file.

    Attributes
    ----------
    inputs, neurons, maps : int
    rows, stride : int, number of rows of a dense layer's weights, and bytes of a row
    weight_bias, together : int, see DENSE
    gain, r, current_r : int, see the module's equations
    sets, fires, floors, recurrent, current, lanes, pairs : bool
    geometry : Geometry of a convolution, else None
    where : {parameter: (offset in bytes, entries: 1 or maps)}
    weights : int, offset in bytes of the weights
    end : int, offset in bytes of the next part
    data : memoryview, the file of these offsets

    Raises
    ------
    TableError
        If a number is out of its range.
    """

    def __init__(self, data, offset):
        self.data = data
        fields = struct.unpack_from(LAYER, data, offset)
        kind, flags, self.gain, self.r, self.inputs, self.neurons, per_map = fields[:7]
        self.current_r, self.weight_bias, self.together = fields[7:10]
        self._read_flags(flags)
        self._check(kind)
        self.maps, self.geometry = self.neurons, None
        offset += LAYER_SIZE
        if kind == CONVOLUTION:
            self._read_geometry(offset)
            offset += GEOMETRY_SIZE
        self.stride = aligned(self.maps * (2 if self.pairs else 1))
        self.rows = self.inputs + (self.neurons if self.recurrent else 0)
        self.where = {}
        for i, name in enumerate(PARAMETERS):
            entries = self.maps if per_map >> i & 1 else 1
            self.where[name] = (offset, entries)
            offset += aligned(2 * entries)
        self.weights = offset
        self.end = offset + self._weights_size()

    def parameter(self, name):
        """Return a copy of one of PARAMETERS as array i16[1] or i16[maps]."""
        offset, entries = self.where[name]
        return array("h", bytes(self.data[offset : offset + 2 * entries]))

    def expanded(self, name):
        """Return a copy of one of PARAMETERS as array i16[maps]; a single value is repeated."""
        values = self.parameter(name)
        if len(values) == 1:
            values = array("h", [values[0] for _ in range(self.maps)])
        return values

    def _read_flags(self, flags):
        self.sets = bool(flags & SETS)
        self.fires = bool(flags & FIRES)
        self.floors = bool(flags & FLOORS)
        self.recurrent = bool(flags & RECURRENT)
        self.current = bool(flags & CURRENT)
        self.lanes = bool(flags & LANES)
        self.pairs = bool(flags & PAIRS)

    def _check(self, kind):
        leaks = 8 <= self.r <= 15 and 8 <= self.current_r <= 15
        if kind > CONVOLUTION or self.gain > 7 or not leaks:
            raise TableError(
                "layer of kind %d with gain %d, r %d and current_r %d is not for this runtime"
                % (kind, self.gain, self.r, self.current_r)
            )
        if not self.inputs or not self.neurons:
            raise TableError("layer of %d inputs and %d neurons" % (self.inputs, self.neurons))
        if kind == CONVOLUTION and (self.recurrent or self.pairs):
            raise TableError("a convolution that is recurrent, or has its weights in pairs")
        if kind == DENSE and (self.weight_bias > MOST_BIAS or not self.together):
            raise TableError(
                "weights biased by %d, with %d rows added together"
                % (self.weight_bias, self.together)
            )

    def _read_geometry(self, offset):
        if offset + GEOMETRY_SIZE > len(self.data):
            raise TableError("a part ends beyond the file's %d bytes" % len(self.data))
        self.geometry = geometry = Geometry(self.data, offset)
        pixels = geometry.out_h * geometry.out_w
        self.maps = self.neurons // pixels
        sized = self.maps * pixels == self.neurons
        if not sized or geometry.height * geometry.width * geometry.channels != self.inputs:
            raise TableError(
                "a convolution of %d inputs and %d neurons that its geometry has not"
                % (self.inputs, self.neurons)
            )

    def _weights_size(self):
        if self.geometry:
            g = self.geometry
            return aligned(g.channels * g.kernel_h * g.kernel_w * self.maps)
        return self.rows * self.stride + READ_AHEAD


class Tables:
    """A whole network, checked, as views on the bytes of its file.

    Attributes
    ----------
    data : memoryview of the tables, never copied
    has_text : bool, whether a text follows the tables
    crc, sha256 : int, CRC-32 of this file; bytes[32], of its source graph
    encoder, readout : str, of ENCODERS and READOUTS
    parameter : int, the encoder's, see encoders/
    channels, steps : int, and T, steps per sample
    hop, window : int, samples; 0 in a static network
    inputs : int, of the first layer: channels, twice as many with delta
    scales, shift : int
    scaling : int, offset in bytes of the two arrays of scales
    classes : tuple of str, one for each neuron of the last layer
    layers : tuple of LayerTable

    Raises
    ------
    TableError
        If magic, version, size, CRC or the bounds of a part are wrong.
    """

    def __init__(self, data):
        self.data = data = memoryview(data)
        self._check_whole(data)
        fields = struct.unpack_from(HEADER, data, 0)
        self.parameter = fields[2]
        self.sha256 = fields[4]
        self.channels, self.steps, self.hop, self.window, self.scales = fields[5:10]
        encoder, readout, layers, self.shift, classes_size = fields[10:]
        if encoder >= len(ENCODERS) or readout >= len(READOUTS):
            raise TableError("encoder %d or readout %d is unknown here" % (encoder, readout))
        self.encoder, self.readout = ENCODERS[encoder], READOUTS[readout]
        self.inputs = self.channels * (2 if self.encoder == "delta" else 1)
        if self.window % self.hop or not self.window if self.hop else self.window:
            raise TableError("a hop of %d in a window of %d samples" % (self.hop, self.window))
        self.scaling = HEADER_SIZE
        offset = HEADER_SIZE + 8 * self.scales
        self._check_end(offset + classes_size)
        if self.scales not in (0, 1, self.channels):
            raise TableError("%d scales for %d channels" % (self.scales, self.channels))
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
        self.has_text = version == WITH_TEXT
        if version != VERSION and not self.has_text:
            raise TableError("table format %d, but this runtime reads %d" % (version, WITH_TEXT))
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


def _steps(length, stride):
    """Return the number of values 0, stride, ... below `length`."""
    return (length + stride - 1) // stride if length > 0 else 0


def aligned(size):
    """Return `size` in bytes, rounded up to a multiple of 4."""
    return (size + 3) & -4


def tables_size(head, size):
    """Return the bytes of the tables in a file of `size` bytes; a text may follow them.

    Parameters
    ----------
    head : bytes, the file or at least its first PREFIX_SIZE bytes
    size : int, bytes
    """
    if size < PREFIX_SIZE or bytes(head[:4]) != MAGIC:
        return size
    version, _, tables = struct.unpack_from("<HHI", head, 4)
    return min(tables, size) if version == WITH_TEXT else size


def load(path):
    """Return the Tables of the file at `path`, in place if the file system maps it.

    A text behind them takes no memory.

    Raises
    ------
    TableError
        If the file is damaged.
    OSError
        If it cannot be read.
    MemoryError
        If it does not fit in RAM.
    """
    with open(path, "rb") as file:
        view = mapped(file)
        # Allocate the whole buffer once, because a growing buffer is copied.
        if view is not None:
            return Tables(view[: tables_size(view, len(view))])
        head, size = bytearray(PREFIX_SIZE), file.seek(0, 2)
        file.seek(0)
        file.readinto(head)
        view = bytearray(tables_size(head, size))
        file.seek(0)
        file.readinto(view)
        return Tables(view)
