"""A board that measures: firmware/spikert/bench, driven through the raw REPL."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet import installation
from spikelet.bench import clock as bench_clock
from spikelet.bench.clock import Clock
from spikelet.boards import raw_repl, start_code
from spikelet.boards.port import Port
from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.network import Network
from spikert.session import NETWORK

PATIENCE = 60  # seconds for one measurement; plain Python on a slow board takes its time
CHUNK = 512  # bytes of weights in one command


@dataclass(frozen=True)
class Memory:
    """Bytes of heap: of the runtime's modules, the kernel's, the network; and what is left."""

    runtime: int
    kernel: int
    network: int
    free: int


@dataclass(frozen=True)
class Turn:
    """What a turn took, in the clock's unit, without telling anybody.

    total        all of it: a static network starts again, takes the readings, steps and answers
    allocated    bytes
    said         the answer
    """

    total: float
    allocated: int
    said: int


@dataclass(frozen=True)
class Parts:
    """What the parts of a turn took, each from its call to its return, in the clock's unit.

    take, steps, answer    the encoder or what is held, all steps, and the answer; where everything is
                           told to a host, that counts with the answer
    sent                   bytes of frames, where it is
    """

    take: float
    steps: float
    answer: float
    sent: int


class MeasuringBoard:
    """A board whose runtime has been started to measure.

    name, machine, runtime    how it is called, and what it calls itself
    clock                     that it is measured with
    """

    def __init__(self, port: Port, transport: SerialTransport, network: Network) -> None:
        self.name = port.name
        self._transport = transport
        self._run(installation.board_side("bench") + "_start = allocated()")
        self._run(start_code.import_session(port.prelude))
        self._path = self._ask(f"_paths.get({NETWORK!r}, {NETWORK!r})")
        self._run("_runtime = allocated() - _start")
        self._run("from spikert import bench, compat, kernels\nfrom spikert.network import tables")
        crc, sha256, self.runtime, self.machine = self._ask(
            f"known(tables, compat, {self._path!r})"
        )
        # Their memory is not to be counted as the network's.
        self._run("del allocated, known")
        if (crc, sha256) != (lif_file.crc(network), network.source_sha256):
            raise SpikeletError(
                f"{self.name} holds another network (CRC {crc:08x}) than this one "
                f"(CRC {lif_file.crc(network):08x}); run spikelet flash to replace it"
            )
        self.clock: Clock = bench_clock.of(port, self.runtime)

    def kernels(self) -> tuple[str, ...]:
        """Return the names of its kernels, the fastest first; they are in its memory from then on."""
        return tuple(self._ask("kernels.available()"))

    def load(self, kernel: str) -> Memory:
        """Load the network with a kernel, and return what memory that takes."""
        clock = self.clock
        self._run(
            f"_bench = None\n_bench = bench.Bench(bench.{clock.clock}(), {kernel!r}, "
            f"{self._path!r}, {clock.least}, {clock.tries})"
        )
        return Memory(self._ask("_runtime"), *self._ask("_bench.memory"))

    def step(self, layer: int, events: Sequence[int] | None) -> tuple[float, float, int]:
        """Return what a layer's step takes, how many neurons fire in it, and the bytes it allocates.

        events    that spike; None: what is held
        """
        asked = None if events is None else list(events)
        ticks, calls, allocated, fired = self._ask(f"_bench.steps({layer}, {asked!r})")
        return self.clock.figure(ticks / calls), fired / calls, allocated

    def hold(self, layer: int, x: bytes) -> float:
        """Return what it takes a layer to hold x."""
        ticks, calls, _ = self._ask(f"_bench.holds({layer}, {x!r})")
        return self.clock.figure(ticks / calls)

    def turn(self, readings: bytes, *, fresh: bool) -> Turn:
        """Run a turn, and return what it took; `fresh` as in bench.py."""
        ticks, allocated, said = self._ask(f"_bench.turn({readings!r}, {fresh})")
        return Turn(self.clock.figure(ticks), allocated, said)

    def parts(self, readings: bytes, *, fresh: bool, telling: bool) -> Parts:
        """Run a turn part by part, and return what they took; `fresh` and `telling` as in bench.py."""
        *ticks, sent = self._ask(f"_bench.parts({readings!r}, {fresh}, {telling})")
        take, steps, answer = map(self.clock.figure, ticks)
        return Parts(take, steps, answer, sent)

    def load_dense(self, kernel: str, data: bytes, scaling: Sequence[tuple[int, int]]) -> None:
        """Load an int8 network without spikes; `data` and `scaling` as bench/dense.py takes them.

        It takes the memory of the network that was measured, which has to be loaded again.
        """
        self._run("_dense = _data = _bench.network = _bench.report = None\ngc.collect()")
        self._run(f"from spikert.bench import dense\n_data = bytearray({len(data)})")
        for first in range(0, len(data), CHUNK):
            chunk = data[first : first + CHUNK]
            self._run(f"_data[{first}:{first + len(chunk)}] = {chunk!r}")
        self._run(f"_dense = dense.Dense({kernel!r}, _data, {list(scaling)!r})")

    def dense(self, x: bytes) -> tuple[float, int]:
        """Return what the network without spikes takes for a sample, and its answer."""
        ticks, calls, _ = self._ask(
            f"_bench.repeated(bench.gc.collect, bench._call, _dense.answer, {x!r})"
        )
        return self.clock.figure(ticks / calls), self._ask(f"_dense.answer({x!r})")

    def _ask(self, expression: str) -> Any:
        return ast.literal_eval(self._run(f"print(repr({expression}))").decode().strip())

    def _run(self, code: str) -> bytes:
        out, error = self._transport.exec_raw(code, timeout=PATIENCE)
        if error:
            raise TransportExecError(1, bytes(error).decode(errors="replace"))
        return bytes(out)


@contextmanager
def measuring(port: Port, network: Network) -> Iterator[MeasuringBoard]:
    """Start the runtime on a board to measure this network, which it must hold.

    Raises SpikeletError if there is no runtime that can, or another network.
    """
    with bench_clock.counting(port).connect() as transport:
        try:
            yield MeasuringBoard(port, transport, network)
        except TransportExecError as error:
            reason = raw_repl.last_line(error.error_output)
            if "spikert.bench" in reason or "'bench'" in reason:
                raise SpikeletError(
                    f"{port.name} was flashed with what its network needs, and nothing that measures: "
                    "run spikelet flash without --small if it has room for all, or measure on an "
                    "emulated board, such as --port qemu:m3"
                ) from None
            raise SpikeletError(
                f"{port.name} cannot measure ({reason}); run spikelet flash with this network, or "
                "try another kernel"
            ) from None
