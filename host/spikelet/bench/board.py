"""Measure on a board: run firmware/spikert/bench through the raw REPL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport

from spikelet import installation
from spikelet.bench.clock import Clock, counting
from spikelet.boards import answers, raw_repl, start_code
from spikelet.boards.port import Port
from spikelet.errors import SpikeletError
from spikelet.networks import lif_file
from spikelet.networks.network import Network
from spikert.session import NETWORK

# Seconds for one measurement; plain Python on a slow board needs long.
MEASUREMENT_TIMEOUT_S = 60
# Bytes of weights in one command.
WEIGHTS_CHUNK = 512


@dataclass(frozen=True)
class Memory:
    """Bytes of heap that the runtime, the kernel and the network use, and the free bytes."""

    runtime: int
    kernel: int
    network: int
    free: int


@dataclass(frozen=True)
class TurnCost:
    """Cost of a turn that is not reported to a host.

    Attributes
    ----------
    total : float
        Cost of the whole turn, in the clock's unit. A static network resets its state, takes the
        readings, steps and answers.
    allocated : int
        Bytes of heap.
    answer : int
        The answer.
    """

    total: float
    allocated: int
    answer: int


@dataclass(frozen=True)
class TurnTimes:
    """Cost of the parts of a turn, each from its call to its return, in the clock's unit.

    Attributes
    ----------
    take : float
        The encoder, or the held input.
    steps : float
        All steps.
    answer : float
        The answer, including the report to a host if the turn is reported.
    sent : int
        Bytes of frames of that report.
    """

    take: float
    steps: float
    answer: float
    sent: int


class MeasuringBoard:
    """A board whose runtime has been started to measure.

    Attributes
    ----------
    name : str
        Name of the port.
    machine, runtime : str
        Names that the board's interpreter reports for the board and for itself.
    clock : Clock
        The clock of all measurements.
    """

    def __init__(self, port: Port, transport: SerialTransport, network: Network) -> None:
        self.name = port.name
        self._transport = transport
        # Before the first look at the memory, so that it counts for no part.
        self._run(answers.SAY)
        self._run(installation.board_side("bench") + "_start = allocated()")
        self._run(start_code.import_session(port.prelude))
        self._path = self._ask(f"_paths.get({NETWORK!r}, {NETWORK!r})")
        self._run("_runtime = allocated() - _start")
        self._run("from spikert import bench, compat, kernels\nfrom spikert.network import tables")
        crc, sha256, self.runtime, self.machine = self._ask(
            f"known(tables, compat, {self._path!r})"
        )
        # Otherwise their memory would count as the network's.
        self._run("del allocated, known")
        if (crc, sha256) != (lif_file.crc(network), network.source_sha256):
            raise SpikeletError(
                f"{self.name} holds another network (CRC {crc:08x}) than this one "
                f"(CRC {lif_file.crc(network):08x}); run spikelet flash to replace it"
            )
        self.clock: Clock = Clock.of_port(port, self.runtime)

    def kernels(self) -> tuple[str, ...]:
        """Return the names of the kernels, the fastest first; they stay in the board's memory."""
        return tuple(self._ask("kernels.available()"))

    def load(self, kernel: str) -> Memory:
        """Load the network with a kernel, and return the memory in use."""
        clock = self.clock
        self._run(
            f"_bench = None\n_bench = bench.Bench(bench.{clock.clock}(), {kernel!r}, "
            f"{self._path!r}, {clock.least}, {clock.tries})"
        )
        return Memory(self._ask("_runtime"), *self._ask("_bench.memory"))

    def step(self, layer: int, events: Sequence[int] | None) -> tuple[float, float, int]:
        """Measure a step of a layer.

        Parameters
        ----------
        layer : int
            Number of the layer.
        events : sequence of int, optional
            The inputs that spike. If None, the step uses the held input.

        Returns
        -------
        cost : float
            Cost of the step, in the clock's unit.
        fired : float
            Mean number of neurons that fire in it.
        allocated : int
            Bytes of heap.
        """
        inputs = None if events is None else list(events)
        ticks, calls, allocated, fired = self._ask(f"_bench.steps({layer}, {inputs!r})")
        return self.clock.figure(ticks / calls), fired / calls, allocated

    def hold(self, layer: int, x: bytes) -> float:
        """Return the cost for a layer to hold the input x, in the clock's unit."""
        ticks, calls, _ = self._ask(f"_bench.holds({layer}, {x!r})")
        return self.clock.figure(ticks / calls)

    def turn(self, readings: bytes, *, fresh: bool) -> TurnCost:
        """Run a turn, and return its cost; `fresh` as in firmware/spikert/bench."""
        ticks, allocated, answer = self._ask(f"_bench.turn({readings!r}, {fresh})")
        return TurnCost(self.clock.figure(ticks), allocated, answer)

    def parts(self, readings: bytes, *, fresh: bool, telling: bool) -> TurnTimes:
        """Run a turn part by part, and return the cost of each part.

        `fresh` and `telling` are those of firmware/spikert/bench.
        """
        *ticks, sent = self._ask(f"_bench.parts({readings!r}, {fresh}, {telling})")
        take, steps, answer = map(self.clock.figure, ticks)
        return TurnTimes(take, steps, answer, sent)

    def load_dense(self, kernel: str, data: bytes, scaling: Sequence[tuple[int, int]]) -> None:
        """Load an int8 network; `data` and `scaling` as firmware/spikert/bench/dense.py takes them.

        It replaces the spiking network in memory; call `load` to measure that again.
        """
        self._run("_dense = _data = _bench.network = _bench.report = None\ngc.collect()")
        self._run(f"from spikert.bench import dense\n_data = bytearray({len(data)})")
        for first in range(0, len(data), WEIGHTS_CHUNK):
            chunk = data[first : first + WEIGHTS_CHUNK]
            self._run(f"_data[{first}:{first + len(chunk)}] = {chunk!r}")
        self._run(f"_dense = dense.Dense({kernel!r}, _data, {list(scaling)!r})")

    def dense(self, x: bytes) -> tuple[float, int]:
        """Return the cost of a sample in the int8 network, in the clock's unit, and its answer."""
        ticks, calls, _ = self._ask(
            f"_bench.repeated(bench.gc.collect, bench._call, _dense.answer, {x!r})"
        )
        return self.clock.figure(ticks / calls), self._ask(f"_dense.answer({x!r})")

    def _ask(self, expression: str) -> Any:
        values = answers.framed(self._run(f"_say({expression})"))
        if not values:
            raise SpikeletError("the board gives no whole answer; measure again")
        return values[-1]

    def _run(self, code: str) -> bytes:
        out, error = self._transport.exec_raw(code, timeout=MEASUREMENT_TIMEOUT_S)
        if error:
            raise TransportExecError(1, bytes(error).decode(errors="replace"))
        return bytes(out)


@contextmanager
def measuring(port: Port, network: Network) -> Iterator[MeasuringBoard]:
    """Start the runtime on a board that holds this network, to measure it.

    Raises
    ------
    SpikeletError
        If the board holds no runtime that can measure, or another network.
    """
    with counting(port).connect() as transport:
        try:
            yield MeasuringBoard(port, transport, network)
        except TransportExecError as error:
            reason = raw_repl.last_line(error.error_output)
            if "spikert.bench" in reason or "'bench'" in reason:
                raise SpikeletError(
                    f"{port.name} was flashed without the modules that measure: "
                    "run spikelet flash without --small if it has room for all, or measure on an "
                    "emulated board, such as --port qemu:m3"
                ) from None
            raise SpikeletError(
                f"{port.name} cannot measure ({reason}); run spikelet flash with this network, or "
                "try another kernel"
            ) from None
