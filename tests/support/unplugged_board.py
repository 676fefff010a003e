"""Boards in memory behind a cable that is pulled and plugged in again."""

from contextlib import contextmanager

from board_in_memory import BoardInMemory

from spikelet.errors import NotThere
from spikelet.link.frames import FrameReader
from spikelet.link.link import Link
from spikert import wire


class NamedPort:
    """A port with a name, and a timeout of 100 s."""

    timeout = 100.0

    def __init__(self, name="board"):
        self.name = name


class Pulled:
    """The stream of a board that disappears after `answers` answers; None: never."""

    def __init__(self, board, answers):
        self.board = board
        self.answers = answers
        self._frames = FrameReader(lambda text: None)

    def write(self, data):
        return self.board.write(data)

    def read(self, size):
        if self.answers == 0:
            raise OSError(5, "Input/output error")
        # Less than two answers.
        data = self.board.read(min(size, 20))
        for frame in self._frames.feed(data):
            if frame.kind == wire.ANSWER and self.answers is not None:
                self.answers -= 1
        return data


class Cable:
    """Opens links to a board whose cable is pulled again and again.

    Attributes
    ----------
    lives : list of int
        For each connection the answers before it ends; later connections are without end.
    absent : int
        Failed attempts to open the port before it comes back.
    faults : list of Exception
        Errors of the first attempts after that.
    opened : int
        Number of opened links.
    """

    def __init__(self, path, recording, clock, lives, *, absent=0, faults=(), **options):
        self.path, self.recording, self.clock = path, recording, clock
        self.lives = list(lives)
        self.absent, self.faults = absent, list(faults)
        self.options = options
        self.opened = 0
        self._missing = 0

    @contextmanager
    def connect(self, port, log):
        if self._missing:
            self._missing -= 1
            raise NotThere(f"{port.name} cannot be opened")
        if self.opened and self.faults:
            raise self.faults.pop(0)
        answers = self.lives.pop(0) if self.lives else None
        board = BoardInMemory(self.path, self.recording, clock=self.clock, **self.options)
        link = Link(board, port.name, log)
        link.hello()
        link.stream = Pulled(board, answers)
        self.opened += 1
        self._missing = self.absent
        yield link
