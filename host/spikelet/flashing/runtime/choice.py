"""Chooses the runtime files of a board: all that it can run, or those of one task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spikelet.flashing import stage
from spikelet.flashing.layout import Layout
from spikelet.flashing.runtime import file_systems, memory
from spikelet.flashing.runtime.parts import count_by_package

if TYPE_CHECKING:
    from spikelet.boards.interpreter import Interpreter
    from spikelet.boards.port import Port
    from spikelet.flashing.runtime.needs import Task
    from spikelet.flashing.runtime.parts import RuntimeParts

ASKED = "as --small asks"


@dataclass(frozen=True)
class Choice:
    """The files for a board, and those that are left out.

    Attributes
    ----------
    files : mapping of str to bytes
        {path: bytes} of the runtime and the files that are flashed with it.
    cannot_run : mapping of str to bytes
        {path: bytes} of the runtime that the board cannot run.
    not_needed : mapping of str to bytes
        {path: bytes} of the runtime that the task does not need; empty unless `why`.
    why : str
        The reason for leaving out `not_needed`; empty if all files are flashed.
    """

    files: Mapping[str, bytes]
    cannot_run: Mapping[str, bytes]
    not_needed: Mapping[str, bytes]
    why: str = ""

    @property
    def sentence(self) -> str:
        """The numbers of files that are left out, and the reasons."""
        text = _left_out(self.cannot_run, "that it cannot run")
        if self.why:
            text += f"; {_left_out(self.not_needed, 'that this network and sensor do not need')}"
            text += f", {self.why}"
        return f"left out: {text}"

    @property
    def record(self) -> dict[str, Any]:
        """The files that are left out, for JSON."""
        return {
            "cannot_run": sorted(self.cannot_run),
            "not_needed": sorted(self.not_needed),
            "why": self.why,
        }


def choose(
    port: Port,
    interpreter: Interpreter,
    parts: RuntimeParts,
    task: Task,
    extra: Mapping[str, bytes],
    *,
    small: bool = False,
) -> Choice:
    """Return the files for a board; query its files only if its flash is short.

    Parameters
    ----------
    port : Port
    interpreter : Interpreter
    parts : RuntimeParts
    task : Task
    extra : mapping of str to bytes
        {name: bytes} of the files to flash with the runtime.
    small : bool
        Choose only the files that the task needs, also if the flash is large enough for all.
    """
    whole = Choice({**parts.files, **extra}, parts.left_out, {})
    why = ASKED if small else _short(port, interpreter, whole.files)
    if not why:
        return whole
    needed = parts.needed(task)
    without = {path: data for path, data in parts.files.items() if path not in needed}
    return Choice({**needed, **extra}, parts.left_out, without, why)


def _short(port: Port, interpreter: Interpreter, files: Mapping[str, bytes]) -> str:
    """Return why these files exceed the flash of a board, or an empty string."""
    if not interpreter.flash_size:
        return ""
    if port.in_place:
        size, free = memory.image_size(files), interpreter.flash_size
    else:
        size, free = file_systems.filed_size(files, interpreter.flash_block), interpreter.flash_free
        if size > free:
            size, free = _beside(port, interpreter, files)
    return f"because all would take {size:,} bytes, and {free:,} are free" if size > free else ""


def _beside(port: Port, interpreter: Interpreter, files: Mapping[str, bytes]) -> tuple[int, int]:
    """Return the bytes of the missing files, and the free bytes once strays are removed."""
    with port.connect() as transport:
        look = stage.look_at(stage.files_of(transport), Layout.variants(files))
    freed = sum(
        file_systems.rounded_to_blocks(size, interpreter.flash_block)
        for size in look.strays.values()
        if size > 0
    )
    return file_systems.filed_size(
        look.missing, interpreter.flash_block
    ), interpreter.flash_free + freed


def _left_out(files: Mapping[str, bytes], why: str) -> str:
    counted = f" ({count_by_package(files)})" if files else ""
    return f"{len(files)} files {why}{counted}"
