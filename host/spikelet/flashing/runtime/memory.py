"""What a network needs of a board's RAM and flash, known before anything is written there.

RAM is counted as MicroPython's and CircuitPython's heaps give it out on 32-bit boards, in blocks of 16
bytes: what an array holds, and a block for the array itself. What a kernel keeps of a layer stands in
KERNELS, a function for each; what modules take, and the objects around the arrays, was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spikelet.flashing.runtime import file_systems
from spikelet.networks import lif_file
from spikert.network import tables
from spikert.network.tables import LayerTable, Tables

if TYPE_CHECKING:
    from spikelet.networks.network import Network

BLOCK = 16  # bytes; Source: MicroPython's py/gc.c, MICROPY_BYTES_PER_GC_BLOCK of four words
SCORES = 5  # numbers of a readout besides its scores
LEAST_LIST = 4  # entries, which double when they are full; Source: MicroPython's py/objlist.c
POINTER = 4  # bytes
RESERVE = 2048  # bytes, for what a turn allocates between two collections

# What follows is the mean of qemu:m3 and qemu:m0, MicroPython 1.25, by the form that the runtime's files
# have on the board; tests/boards/test_memory_boards.py compares it with the use there. The kernel ulab
# counts as plain.
FORMS = ("source", "bytecode", "in place")

# Bytes of all modules that a direct network in one kernel needs, of the session and its buffers,
RUNTIME = {
    "source": {"thumb": 38_900, "viper": 34_500, "ulab": 37_600, "plain": 37_600},
    "bytecode": {"thumb": 31_600, "viper": 33_400, "ulab": 36_000, "plain": 36_000},
    "in place": {"thumb": 23_200, "viper": 24_800, "ulab": 23_400, "plain": 23_400},
}
# of those more that encoders need, viper's for any other than plain dense layers, and for each further
# storage of dense layers; and of those that step other layers beside thumb's, more if they are dense.
ENCODERS = {"source": 2_500, "bytecode": 2_500, "in place": 2_100}
GENERAL = {"source": 16_300, "bytecode": 11_800, "in place": 9_500}
STORAGE = {"source": 1_700, "bytecode": 1_900, "in place": 1_700}
BESIDE_THUMB = {"source": 17_200, "bytecode": 17_400, "in place": 14_000}
DENSE_BESIDE_THUMB = {"source": 3_100, "bytecode": 3_300, "in place": 3_400}

PAIRS_BESIDE_BYTES = 850  # thumb's, in every form

# Bytes of the objects around a layer's arrays.
OBJECTS_OF_LAYER = {"thumb": 430, "viper": 580, "ulab": 850, "plain": 730}

VIPER_COLUMNS = 16  # that the viper kernel takes at a time; see kernels/viper/build.py

# Of a thumb kernel's layer; see kernels/thumb.
SHORT, LONG = 16, 24  # bytes of a record for two neurons
COLUMNS = {False: 12, True: 16}  # neurons that are added at once, by whether weights are pairs
GROUP = 8  # rows that are added between two looks at their list,
MOST_TOGETHER = 16  # and at most as many where `together` allows more than one


@dataclass(frozen=True)
class Need:
    """Bytes that a network needs of a board.

    runtime      RAM of the runtime's modules and buffers
    tables       RAM of the .lif file, 0 where it is read in place
    layers       RAM of each layer's state
    encoder      RAM of the encoder, the scaling and the input x
    readout      RAM of the scores
    readings     RAM of a turn's readings
    reserve      RAM for what comes and goes
    flash        for the files
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
        """Bytes of RAM that are taken for as long as the network is loaded."""
        return (
            self.runtime
            + self.tables
            + sum(self.layers)
            + self.encoder
            + self.readout
            + self.readings
        )

    def parts(self) -> list[tuple[str, int]]:
        """Return each part of the RAM with its name."""
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


def need(
    network: Network,
    kernel: str,
    files: Mapping[str, bytes],
    *,
    in_place: bool = False,
    block: int = file_systems.PAGE,
) -> Need:
    """Return what a network needs of a board.

    kernel      that steps its layers; where a board is to choose, its fastest
    files       of the runtime, as they are to be put there
    in_place    whether the board reads and runs files where they lie, in a ROMFS
    block       int, bytes of which a file in its file system takes a whole number
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
    """Return the bytes that the heap gives out for `size` bytes."""
    return -(-size // BLOCK) * BLOCK


def array(size: int) -> int:
    """Return the bytes of an array, a bytearray or a bytes object that holds `size` bytes."""
    return BLOCK + blocks(size)


def grown_list(entries: int) -> int:
    """Return the bytes of a list of so many small integers that was made by a comprehension."""
    capacity = LEAST_LIST
    while capacity < entries:
        capacity *= 2
    return array(POINTER * capacity)


def image_size(files: Mapping[str, bytes]) -> int:
    """Return the bytes of a ROMFS image with these files."""
    from spikelet.flashing import romfs

    return len(romfs.romfs_image(files))


def _form(files: Mapping[str, bytes], in_place: bool) -> str:
    if not any(path.endswith(".mpy") for path in files):
        return "source"
    return "in place" if in_place else "bytecode"


def _readings(table: Tables) -> int:
    """Return the bytes of a sample's readings."""
    return table.channels * (2 if table.scales else 1)


def _encoder(table: Tables) -> int:
    """Return the bytes of the encoder's arrays, see encoders/; of direct, of what a kernel lists."""
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
    """Return the bytes of two numbers of four bytes for each channel; see scaling.py."""
    return 2 * array(4 * table.channels) if table.scales else 0


def _readout(table: Tables) -> int:
    """Return the bytes of the scores of every hop in a window; see readout.py."""
    hops = table.window // table.hop if table.hop and table.readout != "last" else 1
    return array(4 * (SCORES + hops * len(table.classes)))


def _patches(table: LayerTable, entry: int) -> int:
    """Return the bytes of a convolution's parts and places, of `entry` bytes a number of a place."""
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
    states = 3 * array(2 * table.neurons)  # current, membranes, events
    return parameters + states + grown_list(table.neurons) + _patches(table, 2)


def _viper(table: LayerTable) -> int:
    sums = 2 * (-(-table.neurons // VIPER_COLUMNS) * VIPER_COLUMNS)
    shared = array(2 * sums) + 2 * array(2 * table.neurons) + array(4)  # work, raw, events, count
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
    """Return whether viper takes the neurons two at a time; see kernels/viper/build.py."""
    compared = table.lanes or not table.fires
    whole = table.geometry is None or table.neurons % _period(table) == 0
    return bool(compared and whole and not table.floors and table.where["d"][1] == 1)


def _period(table: LayerTable) -> int:
    """Return after how many neurons viper's constants begin again."""
    if table.geometry is None:
        return -(-table.maps // 4) * 4
    return math.lcm(table.maps, 4)


def is_plain(table: LayerTable) -> bool:
    """Return whether a layer is kernels/viper/__init__.py's, not kernels/viper/general.py's."""
    dense = table.geometry is None and not table.recurrent and not table.current
    return dense and _compared(table)


def _ulab(table: LayerTable) -> int:
    parameters = 6 * array(2 * table.maps)
    rows = 4 * BLOCK * table.rows if table.geometry is None else 0  # a view on each
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
        + array(4 * 39)  # block, chain, count
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
"""Bytes of RAM that a kernel keeps of a layer, without the objects around its arrays."""


def stepped_by_thumb(table: LayerTable) -> bool:
    """Return whether the thumb kernel has code for a layer; viper steps the others."""
    return bool(table.lanes and not table.geometry and not table.current)


def _record(table: LayerTable) -> int:
    """Return the bytes of a record of the thumb kernel: short ones leak by a shift and have no floor."""
    d = table.parameter("d")
    shift = len(d) == 1 and d[0] & (d[0] - 1) == 0
    return SHORT if shift and table.fires and not table.floors else LONG


def _modules(form: str, kernel: str, table: Tables) -> int:
    """Return the bytes of the modules that a network makes a board load."""
    size = RUNTIME[form][kernel] + ENCODERS[form] * (table.encoder != "direct")
    if kernel == "thumb":
        others = [layer for layer in table.layers if not stepped_by_thumb(layer)]
        dense = any(layer.geometry is None for layer in others)
        mixed = len({layer.pairs for layer in table.layers if stepped_by_thumb(layer)}) > 1
        size += PAIRS_BESIDE_BYTES * mixed + DENSE_BESIDE_THUMB[form] * dense
        return size + BESIDE_THUMB[form] * bool(others)
    if kernel == "viper":
        size += GENERAL[form] * (not all(map(is_plain, table.layers)))
        storages = {storage(layer) for layer in table.layers if layer.geometry is None}
        return size + STORAGE[form] * max(0, len(storages) - 1)
    return size


def storage(table: LayerTable) -> int:
    """Return how many rows viper adds before it splits them, 0 of pairs; see kernels/viper/build.py."""
    return 0 if table.pairs else max(rows for rows in (1, 4, 8) if rows <= max(1, table.together))


def _rows(kernel: str, table: Tables) -> int:
    """Return the bytes of the list of rows that the thumb kernel's layers share."""
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
    """Return how many rows of bytes the thumb kernel adds before they are split, a power of two."""
    return 2 ** min(4, table.together.bit_length() - 1) if not 4 <= table.together < 8 else 16
