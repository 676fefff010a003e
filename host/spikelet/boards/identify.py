"""Which board is attached: by what its interpreter says, and by USB ids only as a guess.

Many boards show the same USB ids, and generic firmware says the same on every board that it runs on.
Board files say of both whether they are shared; what is shared identifies nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from spikelet.boards.catalogue import BoardType, UsbId, every, load_board_type


@dataclass(frozen=True)
class Identity:
    """Which board something is: one of `boards`, of which `certain` says that there is no other."""

    boards: tuple[BoardType, ...]
    certain: bool

    def __str__(self) -> str:
        if not self.boards:
            return "an unknown board"
        one_of = ", ".join(board.name for board in self.boards)
        if self.certain:
            return one_of
        return f"one of {one_of}, or another" if len(self.boards) > 1 else f"perhaps {one_of}"


def identify(runtime: str, said: str, usb_id: UsbId | None = None) -> Identity:
    """Return which board an interpreter runs on.

    runtime    one of RUNTIMES
    said       how it calls its board; what it says outweighs USB ids
    usb_id     which only tell apart boards that say the same, or say nothing
    """
    if not said:
        return by_usb(usb_id) if usb_id else Identity((), certain=False)
    saying = [
        board
        for board in every()
        if runtime in board.runtimes and board.runtimes[runtime].says(said)
    ]
    certain = len(saying) == 1 and not saying[0].runtimes[runtime].firmware_shared
    with_id = [board for board in saying if usb_id in board.runtimes[runtime].usb_ids]
    return Identity(tuple(with_id or saying), certain)


def by_usb(usb_id: UsbId) -> Identity:
    """Return which boards show these USB ids, under whichever interpreter."""
    showing = [
        (board, runtime)
        for board in every()
        for runtime in board.runtimes.values()
        if usb_id in runtime.usb_ids
    ]
    found = dict.fromkeys(board.name for board, _ in showing)
    certain = len(found) == 1 and not any(runtime.usb_shared for _, runtime in showing)
    return Identity(tuple(load_board_type(name) for name in found), certain)
