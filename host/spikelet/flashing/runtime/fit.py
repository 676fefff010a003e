"""Checks whether a network fits a board, and advises on the largest one that would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spikelet.boards import catalogue
from spikelet.errors import RefusedInput
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
    """The memory of a board, and the files that it would get.

    Attributes
    ----------
    name : str
        The name of the board in messages.
    ram : int or None
        Bytes free for Python before the runtime is loaded; 0 without a fixed limit, None if the board
        has not reported it yet.
    flash : int or None
        Bytes for files, with the same meaning of 0 and None.
    kernel : str
        The fastest of its kernels.
    files : mapping of str to bytes
        {path: bytes} of the runtime.
    in_place : bool
        Whether the board reads and runs files in place, from a ROMFS.
    chip_ram : int
        Bytes of RAM in all, the limit if `ram` is None; 0 if unknown.
    needed : callable, optional
        Returns the runtime files that a network needs, in case all are too many.
    block : int
        Bytes of a block; a file takes a whole number of blocks.
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
        """Return the memory for a network: with all files if they fit, else with those it needs."""
        need = self._need(network, self.files)
        if self.needed and self._lacks_flash(need):
            return self._need(network, self.needed(network))
        return need

    def is_short(self, network: Network) -> bool:
        """Return whether the flash is too small for all files, so a network gets only those it needs."""
        return self.needed is not None and self._lacks_flash(self._need(network, self.files))

    def holds(self, need: Need) -> bool:
        """Return whether the board has this memory."""
        ram = self.chip_ram if self.ram is None else self.ram
        return need.ram <= (ram or need.ram) and not self._lacks_flash(need)

    def check(self, network: Network) -> Need:
        """Return the memory that a network needs on this board.

        Raises
        ------
        SpikeletError
            If the board has less; the message has the numbers and advice.
        """
        need = self.need(network)
        if not self.holds(need):
            raise RefusedInput(f"{self.shortage(need)}; {self.advice(network, need)}")
        return need

    def shortage(self, need: Need) -> str:
        """Return a clause on the memory that is too small: RAM or flash."""
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
        """Return advice: a smaller network that would fit here, and boards with more memory."""
        advice = []
        if self._lacks_flash(need) and not any(path.endswith(".mpy") for path in self.files):
            advice.append(
                "put the mpy-cross of its interpreter on PATH, because bytecode takes half as much"
            )
        if any(layer.pairs for layer in network.layers) and self._holds(_in_bytes(network)):
            advice.append("store its weights in bytes, not in pairs")
        if layer_limit := self.largest(network):
            k, neurons = layer_limit
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
        """Return the largest hidden layer, and the most neurons of it with which the network fits.

        Returns
        -------
        tuple of int or None
            (index, neurons); None if one neuron is too many, or if the layer or the next is not dense.
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
    """Return the capacity of a board according to its board file.

    Parameters
    ----------
    board : BoardType
    in_rom : bool
        Return the capacity of its ROM partition instead of its file system.
    sensor : mapping of str to any, optional
        Settings of the sensor that it will read.
    """
    interpreter = expected_interpreter.interpreter(board)
    parts = RuntimeParts.for_interpreter(interpreter)
    return Capacity(
        board.name,
        board.ram_free,
        board.first.rom_size if in_rom else interpreter.flash_size,
        parts.kernels[0],
        parts.files,
        in_place=in_rom or board.machine is not None,
        chip_ram=board.ram + board.psram,
        needed=lambda network: parts.needed(Task(network, sensor)),
        block=interpreter.flash_block,
    )


def of_interpreter(
    name: str,
    interpreter: Interpreter,
    parts: RuntimeParts,
    files: Mapping[str, bytes],
    *,
    in_place: bool,
) -> Capacity:
    """Return the capacity of a board according to its interpreter.

    Parameters
    ----------
    name : str
        The name of the board in messages.
    interpreter : Interpreter
        The survey of the board.
    parts : RuntimeParts
    files : mapping of str to bytes
        {path: bytes} chosen from the parts.
    in_place : bool
        Whether the board reads and runs files in place, from a ROMFS.
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
    """Return the network with only the first `neurons` neurons of its dense layer k."""
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
    """Return the largest number from 1 to `limit` for which `holds`, else 0; `holds` is monotonic."""
    least, most = 0, limit
    while least < most:
        middle = (least + most + 1) // 2
        if holds(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _more(board: BoardType, need: Need) -> bool:
    """Return whether a board has this memory according to its board file."""
    return (board.ram_free or 0) >= need.ram and (board.flash_free or 0) >= need.flash
