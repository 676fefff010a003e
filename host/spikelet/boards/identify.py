"""Identify the attached board by its interpreter's report, or guess it by USB ids.

Many boards show the same USB ids, and generic firmware reports the same name on all its boards.
Board files mark shared ids and shared firmware, which cannot identify a board.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikelet.boards.catalogue import BoardType, UsbId, every, load_board_type


@dataclass(frozen=True)
class Identity:
    """The boards that an attached board may be.

    Attributes
    ----------
    boards : tuple of BoardType
        Candidates; empty for an unknown board.
    certain : bool
        Whether there is one candidate and no other board is possible.
    """

    boards: tuple[BoardType, ...]
    certain: bool

    def __str__(self) -> str:
        if not self.boards:
            return "an unknown board"
        names = ", ".join(board.name for board in self.boards)
        if self.certain:
            return names
        return f"one of {names}, or another" if len(self.boards) > 1 else f"perhaps {names}"


def identify(runtime: str, board_name: str, usb_id: UsbId | None = None) -> Identity:
    """Return the boards on which an interpreter may run.

    Parameters
    ----------
    runtime : str
        One of RUNTIMES.
    board_name : str
        Name of the board as the interpreter reports it; it outweighs USB ids. Empty if it reports none.
    usb_id : (int, int), optional
        Vendor and product, to choose between boards that report the same name, or none.
    """
    if not board_name:
        return by_usb(usb_id) if usb_id else Identity((), certain=False)
    matches = [
        board
        for board in every()
        if runtime in board.runtimes and board.runtimes[runtime].says(board_name)
    ]
    certain = len(matches) == 1 and not matches[0].runtimes[runtime].firmware_shared
    with_id = [board for board in matches if usb_id in board.runtimes[runtime].usb_ids]
    return Identity(tuple(with_id or matches), certain)


def by_usb(usb_id: UsbId) -> Identity:
    """Return the boards that show these USB ids under any interpreter."""
    candidates = [
        (board, runtime)
        for board in every()
        for runtime in board.runtimes.values()
        if usb_id in runtime.usb_ids
    ]
    names = dict.fromkeys(board.name for board, _ in candidates)
    certain = len(names) == 1 and not any(runtime.usb_shared for _, runtime in candidates)
    return Identity(tuple(load_board_type(name) for name in names), certain)
