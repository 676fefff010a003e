"""The kernel in assembler for ARM's Thumb-1: two 16-bit sums in a word.

It steps dense layers whose neurons may be compared two in one word; viper steps all others. rows.py,
byte_rows.py and pairs.py compute the weighted sums, hold.py those of a whole input. fire.py steps the
neurons, whose membranes are beside their sums. chained.py has the functions that Python calls. build.py
has the code that is only needed while a layer is made.
"""

from array import array

import micropython

# A global with a submodule's name would be lost when that is unloaded, see spikert.unload.
from spikert.kernels.thumb import chained as chain_code
from spikert.kernels.thumb import hold as hold_code
from spikert.kernels.thumb import rows as row_code

UNPACK = chain_code.unpack()

# The list of rows, which all layers share.
_list = array("i")
# Its address, and its number of words.
_place = array("i", (0, 0))


def Layer(table):
    """Return a layer of integer leaky integrate-and-fire neurons; see the package for the contract."""
    if table.geometry or table.current or not table.lanes:
        # Imported only if needed, because it takes memory.
        from spikert.kernels import viper

        return viper.Layer(table)
    return Dense(table)


def chain(layers, fired, readout):
    """Return `advance`, which takes the layers through steps, and `restart`; see the package."""
    from spikert.kernels.thumb import build

    for layer in layers:
        if not isinstance(layer, Dense):
            from spikert.emitters import fastest_form

            return fastest_form("loops.chain").chain(layers, fired, readout)
    block, layers[0].chain = build.chain(layers, fired, readout)
    return _chained(block, row_code.address(block))


class Dense:
    """A dense layer of integer leaky integrate-and-fire neurons.

    Attributes
    ----------
    block : i32[], the layer's numbers for the code
    kept : the objects behind its addresses
    chain : of the first layer of a chain, the objects behind the addresses of its block
    step, hold, reset : functions, those of the contract
    """

    biased = chain = None

    def __init__(self, table):
        from spikert.kernels.thumb import build

        self.neurons = table.neurons
        layer = build.Layer(table, row_code.address(_place))
        reserve(layer.words)
        self.kept, self.block, self.events = layer.kept, layer.block, layer.events
        self.raw = layer.raw
        self.view = memoryview(layer.raw)[: 2 * table.neurons]
        at = row_code.address(self.block)
        self.step, self.hold, self.reset = _functions(
            row_code.address(layer.alone), at, table.inputs
        )
        self.reset()

    def membranes(self):
        """Return the membranes as bytes, little-endian i16[neurons]."""
        chain_code.membranes(self.block, self.raw, UNPACK)
        return self.view


@micropython.native
def _functions(alone, block, inputs):
    """Return `step`, `hold` and `reset` of the layer whose chain and block have these addresses.

    Methods would take longer, because they look up their names on each call. These functions keep no
    buffer alive: the layer does.
    """
    run, fill, begin = chain_code.advance, hold_code.hold, chain_code.restart

    @micropython.viper
    def step(events, count, shift):
        return run(alone, events, count, shift)

    @micropython.viper
    def hold(x):
        if fill(block, x, inputs):
            reserve(2 * int(inputs) + 4)
            fill(block, x, inputs)

    @micropython.viper
    def reset():
        begin(alone)

    return step, hold, reset


@micropython.native
def _chained(block, at):
    """Return `advance` and `restart` of the chain at this address; `advance` keeps it."""
    run, begin = chain_code.advance, chain_code.restart

    @micropython.viper
    def advance(events, count, shift):
        run(block, events, count, shift)

    @micropython.viper
    def restart():
        begin(at)

    return advance, restart


def reserve(words):
    """Make the list of rows long enough."""
    global _list  # noqa: PLW0603, because a step must not allocate and layers take turns
    if len(_list) < words:
        _list = array("i", bytes(4 * words))
        _place[0], _place[1] = row_code.address(_list), words
