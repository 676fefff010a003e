"""Which files of the runtime a board gets: all that it can run, or what one task needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spikelet.flashing import layout as board_layout
from spikelet.flashing import stage
from spikelet.flashing.runtime import file_systems, memory
from spikelet.flashing.runtime import parts as runtime_parts

if TYPE_CHECKING:
    from spikelet.boards.interpreter import Interpreter
    from spikelet.boards.port import Port
    from spikelet.flashing.runtime.needs import Task
    from spikelet.flashing.runtime.parts import Parts

ASKED = "as --small asks"


@dataclass(frozen=True)
class Choice:
    """What a board gets.

    files         {path: bytes}, the runtime and what is flashed with it
    cannot_run    {path: bytes} of the runtime that the board cannot run
    not_needed    the same of what this task does without, where that had to go as well
    why           it had to, or nothing
    """

    files: Mapping[str, bytes]
    cannot_run: Mapping[str, bytes]
    not_needed: Mapping[str, bytes]
    why: str = ""

    @property
    def sentence(self) -> str:
        """What was left out, and why."""
        said = _left_out(self.cannot_run, "that it cannot run")
        if self.why:
            said += f"; {_left_out(self.not_needed, 'that this network and sensor do not need')}"
            said += f", {self.why}"
        return f"left out: {said}"

    @property
    def record(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "cannot_run": sorted(self.cannot_run),
            "not_needed": sorted(self.not_needed),
            "why": self.why,
        }


def choose(
    where: Port,
    asked: Interpreter,
    parts: Parts,
    task: Task,
    put: Mapping[str, bytes],
    *,
    small: bool = False,
) -> Choice:
    """Return what a board gets, which is asked only where room is short.

    put      what is flashed besides the runtime
    small    whether it is to be what the task needs, however much room there is
    """
    whole = Choice({**parts.files, **put}, parts.left_out, {})
    why = ASKED if small else _short(where, asked, whole.files)
    if not why:
        return whole
    needed = parts.needed(task)
    without = {path: data for path, data in parts.files.items() if path not in needed}
    return Choice({**needed, **put}, parts.left_out, without, why)


def _short(where: Port, asked: Interpreter, files: Mapping[str, bytes]) -> str:
    """Return why a board has no room for these files, or nothing."""
    if not asked.flash_size:
        return ""
    if where.in_place:
        size, free = memory.image_size(files), asked.flash_size
    else:
        size, free = file_systems.filed_size(files, asked.flash_block), asked.flash_free
        if size > free:
            size, free = _beside(where, asked, files)
    return f"for all would take {size:,} bytes, and {free:,} are free" if size > free else ""


def _beside(where: Port, asked: Interpreter, files: Mapping[str, bytes]) -> tuple[int, int]:
    """Return the bytes that files take besides those that a board has, and how many are free then."""
    layout = board_layout.of(files)
    with where.connect() as transport:
        strays, wanted = stage.staging(stage.of(transport), layout)
    freed = sum(
        file_systems.rounded(size, asked.flash_block) for size in strays.values() if size > 0
    )
    return file_systems.filed_size(wanted, asked.flash_block), asked.flash_free + freed


def _left_out(files: Mapping[str, bytes], why: str) -> str:
    counted = f" ({runtime_parts.counted(files)})" if files else ""
    return f"{len(files)} files {why}{counted}"
