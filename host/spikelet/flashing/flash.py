"""Flashes a board: choose the files, stage them, try them, activate them.

`prepare` queries the board and chooses the files, without any change to the board. `write_files` does
the rest. After a power cut at any moment, the board starts with the old network or the new one: see
stage.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spikelet.boards import sensor_settings
from spikelet.boards.interpreter import Interpreter, check_board, survey_port
from spikelet.boards.port import Port
from spikelet.errors import BoardGone, SpikeletError, UsageError
from spikelet.flashing import drivers, hidden_modules, stage
from spikelet.flashing.layout import Layout
from spikelet.flashing.rom import Rom
from spikelet.flashing.runtime import choice, fit, needs
from spikelet.flashing.runtime.choice import Choice
from spikelet.flashing.runtime.memory import Need
from spikelet.flashing.runtime.parts import RuntimeParts
from spikelet.flashing.stage import Plan
from spikelet.inputs.dataset import Dataset
from spikelet.link.board_info import BoardInfo
from spikelet.link.session import ignore, open_session
from spikelet.networks import lif_file
from spikelet.networks.answer_size import check_answer_size
from spikelet.networks.network import Network
from spikelet.networks.proof import check_proof
from spikert.session import NETWORK, RECORDING, SENSOR

# CircuitPython starts this file rather than code.py. Source: its documentation, "Behavior".
BEFORE_CODE = ("code.txt",)

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


def ignore_progress(done: int, total: int) -> None:
    """Ignore a report of progress."""


@dataclass(frozen=True)
class Preparation:
    """The files for one board, chosen but not yet sent.

    Attributes
    ----------
    port : Port
        The port to write to; a Rom for the ROM partition.
    interpreter : Interpreter
    network : Network
    choice : Choice
        The files, and the modules that were left out.
    ram : int or None
        Bytes free for Python before the runtime is loaded; None if unknown, 0 without a limit.
    need : Need
        RAM and flash that the network takes.
    """

    port: Port
    interpreter: Interpreter
    network: Network
    choice: Choice
    ram: int | None
    need: Need

    @property
    def files(self) -> Mapping[str, bytes]:
        """{path: bytes} of the runtime, the network, its recording and its sensor settings."""
        return self.choice.files

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(map(len, self.files.values()))

    @property
    def first_entry(self) -> str:
        """The file that the interpreter starts."""
        return "code.py" if self.interpreter.name == "circuitpython" else "main.py"


@dataclass(frozen=True)
class FlashReport:
    """The result of a flash.

    Attributes
    ----------
    files : int
        Number of Spikelet's files on the board.
    size : int
        Bytes of these files.
    sent : int
        Bytes that were sent; the board already had the others.
    own_entries : tuple of str
        Entry points that the user wrote; they are unchanged.
    others : tuple of str
        All files and folders on the board that Spikelet did not write; they are unchanged.
    backups : mapping of str to str
        {path: new path} of the user's files that were renamed.
    starts_by_itself : bool
        Whether the board starts the network at power-up.
    left_out : str
        A sentence about the modules that were left out.
    info : BoardInfo
        The response of the board after it loaded the network.
    """

    files: int
    size: int
    sent: int
    own_entries: tuple[str, ...]
    others: tuple[str, ...]
    backups: Mapping[str, str]
    starts_by_itself: bool
    left_out: str
    info: BoardInfo

    def __str__(self) -> str:
        return f"{self.files} files, {self.size:,} bytes, of which {self.sent:,} were sent"


def payload(
    network: Network, *, recording: Dataset | None = None, sensor: dict[str, Any] | None = None
) -> dict[str, bytes]:
    """Return the files to flash with the runtime.

    Parameters
    ----------
    network : Network
    recording : Dataset, optional
        Samples that the board replays by itself.
    sensor : dict, optional
        Settings from `sensor_settings.parse_settings`.

    Returns
    -------
    dict of str to bytes
        {name: bytes}: network.lif, samples.bin, sensor.json.
    """
    files = {NETWORK: lif_file.to_bytes(network)}
    if recording is not None:
        files[RECORDING] = network.turn_bytes(recording.x)
    if sensor is not None:
        if sensor["sensor"] == "replay":
            sensor = {"channels": network.channels} | sensor
        files[SENSOR] = sensor_settings.settings_to_bytes(sensor)
    return files


def prepare(
    port: Port,
    network: Network,
    extra: Mapping[str, bytes],
    *,
    small: bool = False,
    rom: bool = False,
    board: str | None = None,
    driver: str | None = None,
    force: bool = False,
) -> Preparation:
    """Query a board and choose its files; change nothing on it.

    Parameters
    ----------
    port : Port
    network : Network
    extra : mapping of str to bytes
        The files to flash with the runtime, from `payload`.
    small : bool
        Choose only the modules that this network and its sensor need.
    rom : bool
        Use the ROM partition of the board.
    board : str, optional
        A name of the catalogue; another board raises SpikeletError.
    driver : str, optional
        A package with a driver of a sensor, to install on the board first.
    force : bool
        Accept a network that is not proved to stay within int16.

    Raises
    ------
    SpikeletError
        If the network is not proved, or the board does not respond, is another one, or has too little
        memory for the network.
    """
    check_answer_size(network)
    if not force:
        check_proof(network)
    interpreter = survey_port(port)
    if board:
        check_board(interpreter, board, port.name)
    if driver:
        drivers.install_driver(port, interpreter.name, driver)
    if rom:
        port = Rom(port, interpreter.rom_size)
        interpreter = replace(interpreter, flash_size=interpreter.rom_size)
    parts = RuntimeParts.for_interpreter(interpreter)
    task = needs.task_of(network, extra)
    chosen = choice.choose(port, interpreter, parts, task, extra, small=small)
    capacity = fit.of_interpreter(
        port.name, interpreter, parts, chosen.files, in_place=port.in_place
    )
    need = capacity.check(network)
    return Preparation(port, interpreter, network, chosen, capacity.ram, need)


def plan_flash(preparation: Preparation) -> Plan:
    """Return the files that `write_files` would send, keep and remove; change nothing.

    Raises
    ------
    SpikeletError
        If the files go into ROM, which is written as a whole, or a file of the user hides a module.
    """
    port = preparation.port
    if port.in_place:
        raise UsageError("a ROM image is written as a whole; flash without --dry-run")
    with port.connect() as transport:
        files = stage.files_of(transport)
        hidden_modules.check(files, port.name, preparation.files)
        return stage.plan_changes(files, Layout.variants(preparation.files))


def write_files(
    preparation: Preparation,
    *,
    force: bool = False,
    progress: Progress = ignore_progress,
    log: Callable[[str], None] = ignore,
    warn: Callable[[str], None] = ignore,
) -> FlashReport:
    """Send the files, let the board load the network, then activate them.

    Parameters
    ----------
    preparation : Preparation
    force : bool
        Write the ROM even if a power cut meanwhile would leave the board without a network.
    progress : callable
        Called with (bytes done, bytes in all).
    log : callable
        Called with the text that the board prints.
    warn : callable
        Called with a sentence if only `force` allowed the write.

    Raises
    ------
    SpikeletError
        If the board is full or cannot load the network; it keeps the old network.
    """
    port, network, files = preparation.port, preparation.network, preparation.files
    if port.in_place:
        if isinstance(port, Rom):
            _check_hidden_modules(port, files)
        if isinstance(port, Rom) and port.is_in_use():
            _bridge(port, network, files, force=force, progress=progress, log=log, warn=warn)
        sent, outcome, info = _write_in_place(port, network, files, progress, log)
    else:
        sent, outcome, info = _write_files(port, network, files, progress, log)
    own = outcome.own
    if preparation.interpreter.name == "circuitpython":
        own = (*(name for name in BEFORE_CODE if name in outcome.others), *own)
    return FlashReport(
        files=len(files),
        size=preparation.size,
        sent=sent,
        own_entries=own,
        others=outcome.others,
        backups=outcome.backups,
        starts_by_itself=not {preparation.first_entry, *BEFORE_CODE} & {*own},
        left_out=preparation.choice.sentence,
        info=info,
    )


@dataclass(frozen=True)
class Staged:
    """Files that were written beside the active ones.

    Attributes
    ----------
    layout : Layout
        Their paths.
    sent : int
        Bytes that were sent.
    backups : mapping of str to str
        {path: new path} of the user's files that were renamed.
    """

    layout: Layout
    sent: int
    backups: dict[str, str]


def stage_files(
    port: Port, files: Mapping[str, bytes], progress: Progress = ignore_progress
) -> Staged:
    """Write new files beside the active ones.

    Raises
    ------
    SpikeletError
        If a file of the user hides a module that the runtime imports, or the board is full.
    """
    with port.connect() as transport:
        board = stage.files_of(transport)
        hidden_modules.check(board, port.name, files)
        look = stage.look_at(board, Layout.variants(files))
        steps: Iterator[tuple[int, int]] = stage.stage(board, look)
        present = done = next(steps)[0]
        for done, total in steps:
            progress(done, total)
    return Staged(look.layout, done - present, look.backups)


def _write_files(
    port: Port,
    network: Network,
    files: Mapping[str, bytes],
    progress: Progress,
    log: Callable[[str], None],
) -> tuple[int, stage.UserFiles, BoardInfo]:
    """Write a file system; return the bytes sent, the user's files, the response."""
    staged = stage_files(port, files, progress)
    info = _try(port, network, staged.layout, log)
    with port.connect() as transport:
        outcome = stage.conclude(stage.files_of(transport), staged.layout)
    return staged.sent, replace(outcome, backups=staged.backups), info


def _write_in_place(
    port: Port,
    network: Network,
    files: Mapping[str, bytes],
    progress: Progress,
    log: Callable[[str], None],
) -> tuple[int, stage.UserFiles, BoardInfo]:
    """Write a ROM image, then let the board start from it."""
    sent = 0
    for sent, total in stage.install_payload(port, files):
        progress(sent, total)
    with open_session(port, network, log=log) as (_, info):
        pass
    return sent, port.activate(files) if isinstance(port, Rom) else stage.UserFiles(), info


def _check_hidden_modules(rom: Rom, files: Mapping[str, bytes]) -> None:
    with rom.connect() as transport:
        hidden_modules.check(stage.files_of(transport), rom.name, files)


def _bridge(
    rom: Rom,
    network: Network,
    files: Mapping[str, bytes],
    *,
    force: bool,
    progress: Progress,
    log: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Let a board start from its files while its ROM, which is in use, is written."""
    try:
        _write_files(rom.port, network, files, progress, log)
    except BoardGone:
        raise
    except SpikeletError as error:
        if force:
            warn(f"{rom.name} will not start by itself if the power goes now: {error}")
            return
        raise type(error)(
            f"{error}; its ROM was not written, because the board would not start by itself if the "
            "power went meanwhile; add --yes to write it all the same"
        ) from None


def _try(port: Port, network: Network, layout: Layout, log: Callable[[str], None]) -> BoardInfo:
    """Let the board load the network from its staged path."""
    try:
        with open_session(port, network, paths=layout.paths, log=log) as (_, info):
            return info
    except SpikeletError as error:
        raise type(error)(
            f"{error}; it was not activated, and the board keeps its old files"
        ) from None
