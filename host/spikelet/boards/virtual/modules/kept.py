"""Keep the non-volatile memory of the virtual board's chip, and the reason of its reset."""

from __future__ import annotations

from pathlib import Path

NVM_SIZE = 4096
NVM_FILE, REASON_FILE = "nvm.bin", "reset_reason.txt"
# Bytes of erased flash.
ERASED = b"\xff"


class Kept:
    """The state of the chip, in a folder that code on the board cannot reach.

    Attributes
    ----------
    folder : Path or None
        None keeps the state in memory.
    nvm : bytearray[NVM_SIZE]
    reason : str
        Name of a microcontroller.ResetReason.
    """

    folder: Path | None = None
    nvm = bytearray(ERASED * NVM_SIZE)
    reason = "POWER_ON"

    @classmethod
    def power_up(cls, folder: Path) -> None:
        """Read the state from a folder; the reason of a reset counts for one start."""
        cls.folder = folder
        memory, reason = folder / NVM_FILE, folder / REASON_FILE
        if memory.exists():
            cls.nvm[:] = memory.read_bytes()[:NVM_SIZE].ljust(NVM_SIZE, ERASED)
        if reason.exists():
            cls.reason = reason.read_text(encoding="utf-8")
            reason.unlink()

    @classmethod
    def store(cls) -> None:
        """Write the non-volatile memory to its file."""
        if cls.folder is not None:
            (cls.folder / NVM_FILE).write_bytes(cls.nvm)

    @classmethod
    def reset(cls, reason: str) -> None:
        """Store the reason that the next start reports."""
        if cls.folder is not None:
            (cls.folder / REASON_FILE).write_text(reason, encoding="utf-8")
