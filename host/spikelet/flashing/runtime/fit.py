"""Whether a board has room for a network, and if not, what it would have room for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spikelet.boards import catalogue
from spikelet.errors import SpikeletError
from spikelet.flashing.runtime import expected_interpreter, file_systems, memory
from spikelet.flashing.runtime.memory import Need
from spikelet.flashing.runtime.needs import Task
from spikelet.flashing.runtime.parts import RuntimeParts

if TYPE_CHECKING:
    from spikelet.boards.catalogue import BoardType
    from spikelet.boards.interpreter import Interpreter
    from spikelet.flashing.runtime.parts import RuntimeParts
    from spikelet.networks.layer import Layer
    from spikelet.networks.network import Network

PARAMETERS = ("bias", "d", "low", "theta", "rho", "v_reset", "v_start", "current_d")


@dataclass(frozen=True)
class Capacity:
    """What a board has, and how a network would be put there.

    name        how messages call the board
    ram         int, bytes free for Python before the runtime is loaded; 0: no fixed limit; None:
                unknown until the board is asked
    flash       the same of bytes for files
    kernel      the fastest of its kernels
    files       of the runtime, as they are to be put there
    needed      function of a network: those of them that it needs, for where all are too much
    block       int, bytes of which a file takes a whole number
    in_place    whether files are read and run where they lie, in a ROMFS
    chip_ram    int, bytes of RAM in all, which bound what is free where that is unknown; 0: unknown
    """

    name: str
    ram: int | None
    flash: int | None
    kernel: str
    files: Mapping[str, bytes]
    in_place: bool = False
    chip_ram: int = 0
    needed: Callable[[Network], Mapping[str, bytes]] | None = None
    block: int = file_systems.PAGE

    def need(self, network: Network) -> Need:
        """Return what a network needs here: with all files if there is room, else with the least."""
        need = self._need(network, self.files)
        if self.needed and self._lacks_flash(need):
            return self._need(network, self.needed(network))
        return need

    def is_short(self, network: Network) -> bool:
        """Return whether there is no room for all files, but for what a network needs of them."""
        return self.needed is not None and self._lacks_flash(self._need(network, self.files))

    def holds(self, need: Need) -> bool:
        """Return whether there is so much."""
        ram = self.chip_ram if self.ram is None else self.ram
        return need.ram <= (ram or need.ram) and not self._lacks_flash(need)

    def check(self, network: Network) -> Need:
        """Return what a network needs here.

        Raises SpikeletError with the numbers, and what would fit, if there is not so much.
        """
        need = self.need(network)
        if not self.holds(need):
            raise SpikeletError(f"{self.shortage(need)}; {self.advice(network, need)}")
        return need

    def shortage(self, need: Need) -> str:
        """Say what of the board's memory is too little."""
        if self.ram and need.ram > self.ram:
            parts = ", ".join(f"{name} {size:,}" for name, size in need.parts() if size)
            return (
                f"{self.name} has {self.ram:,} bytes of RAM free, below the {need.ram:,} "
                f"that this network needs ({parts})"
            )
        if self.ram is None and 0 < self.chip_ram < need.ram:
            return (
                f"{self.name} has {self.chip_ram:,} bytes of RAM in all, below the {need.ram:,} "
                "that this network needs"
            )
        return (
            f"{self.name} has {self.flash:,} bytes of flash for files, below the {need.flash:,} "
            "that the runtime and this network need"
        )

    def advice(self, network: Network, need: Need) -> str:
        """Say what would fit here, and which boards would do."""
        advice = []
        if self._lacks_flash(need) and not any(path.endswith(".mpy") for path in self.files):
            advice.append(
                "put the mpy-cross of its interpreter on PATH, for bytecode takes half as much"
            )
        if any(layer.pairs for layer in network.layers) and self._holds(_in_bytes(network)):
            advice.append("store its weights in bytes, not in pairs")
        if found := self.largest(network):
            k, neurons = found
            now = network.layers[k].neurons
            advice.append(f"train it with {neurons} neurons in layer {k}, which has {now}")
        larger = [
            board.name
            for board in map(catalogue.load_board_type, catalogue.board_names())
            if _more(board, need)
        ]
        advice.append(f"take a board with more ({', '.join(larger) or 'none is known here'})")
        return ", or ".join(advice)

    def largest(self, network: Network) -> tuple[int, int] | None:
        """Return the largest hidden layer, and with how many neurons of it the network would fit.

        None where even one neuron is too many, or neither it nor its successor is dense.
        """
        hidden = network.layers[:-1]
        if not hidden:
            return None
        k = max(range(len(hidden)), key=lambda k: hidden[k].neurons)
        if network.layers[k].geometry or network.layers[k + 1].geometry:
            return None
        neurons = _most(network.layers[k].neurons, lambda n: self._holds(narrowed(network, k, n)))
        return (k, neurons) if neurons else None

    def _lacks_flash(self, need: Need) -> bool:
        return need.flash > (self.flash or need.flash)

    def _need(self, network: Network, files: Mapping[str, bytes]) -> Need:
        return memory.memory_needed(
            network,
            self.kernel,
            files,
            in_place=self.in_place,
            block=self.block or file_systems.PAGE,
        )

    def _holds(self, network: Network) -> bool:
        return self.holds(self.need(network))


def of_board(
    board: BoardType, *, in_rom: bool = False, sensor: Mapping[str, Any] | None = None
) -> Capacity:
    """Return the room on a board that is known by its file, or in its ROM partition.

    sensor    settings of the one that it will read, None for none
    """
    asked = expected_interpreter.interpreter(board)
    parts = RuntimeParts.for_interpreter(asked)
    return Capacity(
        board.name,
        board.ram_free,
        board.first.rom_size if in_rom else asked.flash_size,
        parts.kernels[0],
        parts.files,
        in_place=in_rom or board.machine is not None,
        chip_ram=board.ram + board.psram,
        needed=lambda network: parts.needed(Task(network, sensor)),
        block=asked.flash_block,
    )


def of_interpreter(
    name: str,
    interpreter: Interpreter,
    parts: RuntimeParts,
    files: Mapping[str, bytes],
    *,
    in_place: bool,
) -> Capacity:
    """Return the room on a board that said itself what it has.

    files    chosen of its parts
    """
    return Capacity(
        name,
        interpreter.memory_free,
        interpreter.flash_size,
        parts.kernels[0],
        files,
        in_place=in_place,
        block=interpreter.flash_block,
    )


def narrowed(network: Network, k: int, neurons: int) -> Network:
    """Return a network with only the first neurons of its dense layer k."""
    layer, successor = network.layers[k : k + 2]
    parameters = {
        name: values[:neurons]
        for name in PARAMETERS
        if (values := getattr(layer, name)) is not None
    }
    own = layer.recurrent
    layers = list(network.layers)
    layers[k] = replace(
        layer,
        weights=layer.weights[:, :neurons],
        recurrent=None if own is None else own[:neurons, :neurons],
        **parameters,
    )
    layers[k + 1] = replace(successor, weights=successor.weights[:neurons])
    return replace(network, layers=layers)


def _in_bytes(network: Network) -> Network:
    layers: list[Layer] = [replace(layer, pairs=False) for layer in network.layers]
    return replace(network, layers=layers)


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the largest number up to `limit` that `holds`, as all smaller ones do, else 0."""
    least, most = 0, limit
    while least < most:
        middle = (least + most + 1) // 2
        if holds(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _more(board: BoardType, need: Need) -> bool:
    """Return whether a board's file says that it has so much."""
    return (board.ram_free or 0) >= need.ram and (board.flash_free or 0) >= need.flash
