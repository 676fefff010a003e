"""Computes the RAM and flash that a network needs on a board, before flashing.

MicroPython and CircuitPython allocate RAM on 32-bit boards in blocks of 16 bytes: the content of an
array, and a block for the array itself. KERNELS has a function for each kernel, which returns the bytes
of a layer. The bytes of modules, and of the objects around arrays, are measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikelet.flashing import romfs
from spikelet.flashing.runtime import file_systems
from spikelet.networks import lif_file
from spikert.network import tables
from spikert.network.tables import LayerTable, Tables

if TYPE_CHECKING:
    from spikelet.networks.network import Network

# Bytes. Source: MicroPython's py/gc.c, MICROPY_BYTES_PER_GC_BLOCK of four words.
BLOCK = 16
# Numbers of a readout besides its scores.
SCORES = 5
# Entries of a new list; a full list doubles. Source: MicroPython's py/objlist.c.
LEAST_LIST = 4
# Bytes.
POINTER = 4
# Bytes that a turn allocates between two garbage collections.
RESERVE = 2048

# The form of the runtime's files on the board. The following numbers are means of qemu:m3 and qemu:m0
# with MicroPython 1.25; tests/boards/test_memory_boards.py compares them with the use there. The kernel
# ulab has the numbers of plain.
FORMS = ("source", "bytecode", "in place")

# Bytes of all modules for a direct network with one kernel, of the session and its buffers.
RUNTIME = {
    "source": {"thumb": 33_700, "viper": 35_600, "ulab": 38_400, "plain": 38_400},
    "bytecode": {"thumb": 33_600, "viper": 35_700, "ulab": 38_300, "plain": 38_300},
    "in place": {"thumb": 24_100, "viper": 25_850, "ulab": 24_400, "plain": 24_400},
}
# Additional bytes of the modules for an encoder other than direct.
ENCODERS = {"source": 2_500, "bytecode": 2_500, "in place": 2_100}
# Additional bytes of viper's modules for layers that are not plain dense layers.
GENERAL = {"source": 11_700, "bytecode": 12_000, "in place": 9_750}
# Additional bytes of viper's modules for each further storage of dense layers.
STORAGE = {"source": 1_700, "bytecode": 1_900, "in place": 1_700}
# Additional bytes of the modules that step layers that thumb cannot, and more if these are dense.
BESIDE_THUMB = {"source": 21_800, "bytecode": 17_600, "in place": 14_300}
DENSE_BESIDE_THUMB = {"source": 3_100, "bytecode": 3_300, "in place": 3_400}

# Additional bytes of thumb's modules for pairs beside bytes, in every form.
PAIRS_BESIDE_BYTES = 850

# Bytes of the objects around a layer's arrays.
OBJECTS_OF_LAYER = {"thumb": 430, "viper": 580, "ulab": 850, "plain": 730}

# Columns that the viper kernel adds at a time; see kernels/viper/build.py.
VIPER_COLUMNS = 16

# The next four belong to layers of the thumb kernel; see kernels/thumb.
# Bytes of a record for two neurons.
SHORT, LONG = 16, 24
# {whether weights are pairs: neurons that are added at once}.
COLUMNS = {False: 12, True: 16}
# Rows that are added between two reads of their list.
GROUP = 8


@dataclass(frozen=True)
class Need:
    """Bytes that a network needs on a board.

    Attributes
    ----------
    runtime : int
        RAM of the runtime's modules and buffers.
    tables : int
        RAM of the .lif file; 0 if the board reads it in place.
    layers : tuple of int
        RAM of the state of each layer.
    encoder : int
        RAM of the encoder, the scaling and the input x.
    readout : int
        RAM of the scores.
    readings : int
        RAM of the readings of a turn.
    reserve : int
        RAM for temporary objects.
    flash : int
        Flash for the files.
    """

    runtime: int
    tables: int
    layers: tuple[int, ...]
    encoder: int
    readout: int
    readings: int
    reserve: int
    flash: int

    @property
    def ram(self) -> int:
        """Bytes of RAM in all."""
        return self.kept + self.reserve

    @property
    def kept(self) -> int:
        """Bytes of RAM while the network is loaded, without the reserve."""
        return (
            self.runtime
            + self.tables
            + sum(self.layers)
            + self.encoder
            + self.readout
            + self.readings
        )

    def parts(self) -> list[tuple[str, int]]:
        """Return (name, bytes) of each part of the RAM."""
        layers = [(f"layer {k}", size) for k, size in enumerate(self.layers)]
        return [
            ("runtime", self.runtime),
            ("tables", self.tables),
            *layers,
            ("encoder", self.encoder),
            ("readout", self.readout),
            ("readings", self.readings),
            ("reserve", self.reserve),
        ]


def memory_needed(
    network: Network,
    kernel: str,
    files: Mapping[str, bytes],
    *,
    in_place: bool = False,
    block: int = file_systems.PAGE,
) -> Need:
    """Return the bytes that a network needs on a board.

    Parameters
    ----------
    network : Network
    kernel : str
        The kernel that steps its layers; by default a board uses its fastest.
    files : mapping of str to bytes
        {path: bytes} of the runtime.
    in_place : bool
        Whether the board reads and runs files in place, from a ROMFS.
    block : int
        Bytes of a block of its file system; a file takes a whole number of blocks.
    """
    data = lif_file.to_bytes(network)
    table = Tables(data)
    everything = {**files, "network.lif": data}
    form = _form(files, in_place)
    objects = OBJECTS_OF_LAYER[kernel]
    layers = tuple(objects + KERNELS[kernel](layer) for layer in table.layers)
    turn = _readings(table) * (table.hop or 1)
    return Need(
        runtime=_modules(form, kernel, table) + _rows(kernel, table),
        tables=0 if in_place else blocks(len(data)),
        layers=layers,
        encoder=_encoder(table) + _scaling(table) + array(table.channels),
        readout=_readout(table),
        readings=array(turn),
        reserve=RESERVE + 2 * array(_readings(table)),
        flash=image_size(everything) if in_place else file_systems.filed_size(everything, block),
    )


def blocks(size: int) -> int:
    """Return the bytes that the heap allocates for `size` bytes."""
    return -(-size // BLOCK) * BLOCK


def array(size: int) -> int:
    """Return the bytes of an array, bytearray or bytes object with `size` bytes of content."""
    return BLOCK + blocks(size)


def grown_list(entries: int) -> int:
    """Return the bytes of a list of `entries` small integers from a comprehension."""
    capacity = LEAST_LIST
    while capacity < entries:
        capacity *= 2
    return array(POINTER * capacity)


def image_size(files: Mapping[str, bytes]) -> int:
    """Return the bytes of the ROMFS image of these files."""
    return len(romfs.romfs_image(files))


def _form(files: Mapping[str, bytes], in_place: bool) -> str:
    if not any(path.endswith(".mpy") for path in files):
        return "source"
    return "in place" if in_place else "bytecode"


def _readings(table: Tables) -> int:
    """Return the bytes of a sample's readings."""
    return table.channels * (2 if table.scales else 1)


def _encoder(table: Tables) -> int:
    """Return the bytes of the arrays of an encoder, see encoders/; for direct, of the kernel's list."""
    channels, inputs = table.channels, table.inputs
    events = array(2 * inputs)
    return {
        "direct": array(2 * channels),
        "rate": array(channels) + events,
        "bernoulli": events,
        "latency": array(2 * channels) + array(2 * table.steps + 4) + events,
        "phase": events,
        "delta": array(channels) + events,
    }[table.encoder]


def _scaling(table: Tables) -> int:
    """Return the bytes of the scaling: two numbers of four bytes per channel; see scaling.py."""
    return 2 * array(4 * table.channels) if table.scales else 0


def _readout(table: Tables) -> int:
    """Return the bytes of the scores for all hops of a window; see readout.py."""
    hops = table.window // table.hop if table.hop and table.readout != "last" else 1
    return array(4 * (SCORES + hops * len(table.classes)))


def _patches(table: LayerTable, entry: int) -> int:
    """Return the bytes of the patches and positions of a convolution, `entry` bytes per number."""
    g = table.geometry
    if g is None:
        return 0
    return (
        array(12 * g.stride_h * g.stride_w)
        + array(4 * entry * g.height)
        + array(4 * entry * g.width)
    )


def _plain(table: LayerTable) -> int:
    parameters = len(tables.PARAMETERS) * array(2 * table.maps)
    # Current, membranes, events.
    states = 3 * array(2 * table.neurons)
    return parameters + states + grown_list(table.neurons) + _patches(table, 2)


def _viper(table: LayerTable) -> int:
    sums = 2 * (-(-table.neurons // VIPER_COLUMNS) * VIPER_COLUMNS)
    # Work, raw, events, count.
    shared = array(2 * sums) + 2 * array(2 * table.neurons) + array(4)
    if _compared(table):
        period = _period(table)
        shared += array(4 * 10 + 6 * period)
    if table.geometry is None:
        shared += array(4 * 5 + table.stride + tables.READ_AHEAD) * (1 + table.recurrent)
    if is_plain(table):
        return shared + array(tables.aligned(2 * table.neurons))
    states = array(sums) * (table.current + table.recurrent)
    return shared + states + array(4 * 27) + array(2 * table.maps) + _patches(table, 4)


def _compared(table: LayerTable) -> bool:
    """Return whether viper steps two neurons at a time; see kernels/viper/build.py."""
    compared = table.lanes or not table.fires
    whole = table.geometry is None or table.neurons % _period(table) == 0
    return bool(compared and whole and not table.floors and table.where["d"][1] == 1)


def _period(table: LayerTable) -> int:
    """Return the number of neurons after which viper's constants repeat."""
    if table.geometry is None:
        return -(-table.maps // 4) * 4
    return math.lcm(table.maps, 4)


def is_plain(table: LayerTable) -> bool:
    """Return whether kernels/viper/__init__.py steps a layer; general.py there steps the others."""
    dense = table.geometry is None and not table.recurrent and not table.current
    return dense and _compared(table)


def _ulab(table: LayerTable) -> int:
    parameters = 6 * array(2 * table.maps)
    # A view of each row.
    rows = 4 * BLOCK * table.rows if table.geometry is None else 0
    return parameters + rows + 4 * array(2 * table.neurons) + _patches(table, 2)


def _thumb(table: LayerTable) -> int:
    if not stepped_by_thumb(table):
        return _viper(table)
    fours = -(-table.neurons // 4)
    columns = COLUMNS[table.pairs]
    records = max(-(-table.neurons // columns) * columns // 2, (fours + 1) // 2 * 4)
    starts = 8 * fours if table.where["v_start"][1] > 1 else 4
    arrays = (
        array(_record(table) * records)
        # Block, chain, count.
        + array(4 * 39)
        + array(4 * 6)
        + array(4)
        + array(8 * fours)
        + array(2 * table.neurons)
        + array(2 * table.maps)
        + array(starts)
    )
    return arrays + (array(8 * fours) if table.recurrent else 0)


KERNELS: dict[str, Callable[[LayerTable], int]] = {
    "thumb": _thumb,
    "viper": _viper,
    "ulab": _ulab,
    "plain": _plain,
}
"""{kernel: function that returns the RAM of a layer in bytes, without the objects around arrays}."""


def stepped_by_thumb(table: LayerTable) -> bool:
    """Return whether the thumb kernel has code for a layer; viper steps the others."""
    return bool(table.lanes and not table.geometry and not table.current)


def _record(table: LayerTable) -> int:
    """Return the bytes of a record of the thumb kernel; short ones leak by a shift and have no floor."""
    d = table.parameter("d")
    shift = len(d) == 1 and d[0] & (d[0] - 1) == 0
    return SHORT if shift and table.fires and not table.floors else LONG


def _modules(form: str, kernel: str, table: Tables) -> int:
    """Return the bytes of the modules that a board loads for a network."""
    size = RUNTIME[form][kernel] + ENCODERS[form] * (table.encoder != "direct")
    if kernel == "thumb":
        others = [layer for layer in table.layers if not stepped_by_thumb(layer)]
        dense = any(layer.geometry is None for layer in others)
        mixed = len({layer.pairs for layer in table.layers if stepped_by_thumb(layer)}) > 1
        size += PAIRS_BESIDE_BYTES * mixed + DENSE_BESIDE_THUMB[form] * dense
        return size + BESIDE_THUMB[form] * bool(others)
    if kernel == "viper":
        size += GENERAL[form] * (not all(map(is_plain, table.layers)))
        storages = {rows_before_split(layer) for layer in table.layers if layer.geometry is None}
        return size + STORAGE[form] * max(0, len(storages) - 1)
    return size


def rows_before_split(table: LayerTable) -> int:
    """Return the rows that viper adds before it splits them; 0 for pairs. See kernels/viper/build.py."""
    return 0 if table.pairs else max(rows for rows in (1, 4, 8) if rows <= max(1, table.together))


def _rows(kernel: str, table: Tables) -> int:
    """Return the bytes of the list of rows that all layers of the thumb kernel share."""
    if kernel != "thumb":
        return 0
    lengths = [0]
    for layer in filter(stepped_by_thumb, table.layers):
        group = GROUP if layer.pairs or layer.together < 2 else _together(layer)
        lengths.append(layer.rows + layer.rows // group + 8)
    if table.encoder == "direct":
        lengths.append(2 * table.inputs + 4)
    return array(POINTER * max(lengths))


def _together(table: LayerTable) -> int:
    """Return the rows of bytes that the thumb kernel adds before a split, a power of two."""
    return 2 ** min(4, table.together.bit_length() - 1) if not 4 <= table.together < 8 else 16
