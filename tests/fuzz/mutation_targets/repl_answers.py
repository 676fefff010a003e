"""Answers of a raw REPL: each reader of them raises a documented error, or returns a possible value.

A case is a byte with the number of a conversation, then the bytes that a board sends after each write of
the host, with SEPARATOR between them. A second reader decides which values a host may accept: those in
a frame with a right length and sum. Three quarters of the cases get these made right again, so that the
values themselves are changed; then their types and ranges are checked.
"""

import ast
import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from mpremote.transport import TransportError

from spikelet.boards import answers, probe, repl_transport
from spikelet.boards.repl_transport import BANNER, END, RAW_PASTE, ReplTransport
from spikelet.errors import SpikeletError
from spikelet.flashing import hidden_modules, inventory, manifest, paths, readiness, upload
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import fingerprint
from spikelet.flashing.held_network import read_held_network
from spikelet.flashing.inventory import Inventory
from spikelet.flashing.layout import listing
from spikelet.flashing.receiver import HEAD, answer
from spikelet.networks import lif_file
from spikelet.networks.layer import Layer
from spikelet.networks.network import Network

SEPARATOR = b"\xfe\xfd"
# Seconds of a look at a silent port, and after which a conversation hangs.
LOOK, HANGS = 0.5, 10_000.0
LAYER = Layer(weights=np.ones((2, 2), np.int8), theta=2, rho=1)
LIF = lif_file.to_bytes(Network("rate", 2, "count", ("a", "b"), [LAYER]))
SENT = {"spikelet/a.lif": b"0123456789\x03" * 30, "main.py": b"import spikert\n"}
# {path: content} of the board. The folders follow from the paths.
OURS = {"spikelet/5e6f7a8b.lif": LIF, "spikelet/r1a2b3c4d/spikert/__init__.py": b"x = 1\n"}
USERS = {"code.py": b"print(1)\n" * 20, "spikelet/mine.csv": b"1,2\n", "struct.py": b"y = 2\n"}
LISTS = {
    "spikelet/active": listing(
        {"runtime": "spikelet/r1a2b3c4d", "network.lif": "spikelet/5e6f7a8b.lif"}
    ),
    "spikelet/manifest": manifest.to_bytes(
        frozenset((path, fingerprint(data)) for path, data in OURS.items())
    ),
}
BOARD = OURS | USERS | LISTS
SURVEY = (("micropython", "Board with chip", "board", 0x1506), 200_000, (0, 1 << 20, 1 << 19, 4096))
READINESS = ("rp2", [1, 25, 0, ""], False, None)


class Clock:
    """A replacement for the module `time` that passes quickly, and fails if a wait does not end."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return seconds."""
        self.now += 1e-5
        assert self.now < HANGS, "it hangs"
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the time by a look."""
        self.now += max(seconds, LOOK)


class Board:
    """A port with a board that answers; the port keeps the answer to each write."""

    timeout = 1.0

    def __init__(self, names: dict[str, object]) -> None:
        self.names = names
        self.pieces: list[bytes] = []
        self.waiting, self.code = b"", None
        self.clock = Clock()
        self.receives = False

    @property
    def in_waiting(self) -> int:
        """Number of bytes that have come."""
        return len(self.waiting)

    def read(self, size: int = 1) -> bytes:
        """Return the bytes that have come, up to `size`; with fewer the time-out passes."""
        if size > len(self.waiting):
            self.clock.sleep(self.timeout)
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def write(self, data: bytes) -> int:
        """Take bytes of the host, and answer them."""
        answered = self.respond(bytes(data))
        self.pieces.append(answered)
        self.waiting += answered
        return len(data)

    def respond(self, data: bytes) -> bytes:
        """Return the answer to bytes of the host."""
        if self.receives:
            return self._receive(data)
        if self.code is not None and data == END:
            code, self.code = self.code, None
            return END + self._run(code)
        if self.code is not None:
            self.code += data
        elif data == RAW_PASTE:
            self.code = b""
            return b"R\x01\xff\xff"
        elif data.endswith(b"\x01"):
            return BANNER + b">"
        return b">>> " if data == probe.INTERRUPT else b""

    def _run(self, code: bytes) -> bytes:
        if code.startswith(b"_receive("):
            self.receives = True
            return answer(b"+", 0)
        output, names = io.StringIO(), dict(self.names)
        if code.startswith(b"_say("):
            with contextlib.redirect_stdout(output):
                exec(answers.SAY + code.decode(), names)
        return output.getvalue().encode() + END + END + b">"

    def _receive(self, data: bytes) -> bytes:
        number, size = int(data[1:9], 16), int(data[9:13], 16)
        if data[:1] == b"Q":
            self.receives = False
            return END + END + b">"
        assert len(data) >= HEAD
        kinds = {b"F": (b"+", 0), b"B": (b"+", number + size), b"E": (b"=", number)}
        return answer(*kinds[data[:1]])


class Replay(Board):
    """A port that sends the pieces of a case, one after each write."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__({})
        self._left = iter(pieces)

    def respond(self, data: bytes) -> bytes:
        """Return the next piece."""
        return next(self._left, b"")


class Transport(ReplTransport):
    """A transport at such a port, which keeps the values that it returned."""

    def __init__(self, port: Board) -> None:
        self.name, self.limit, self.heard = "board", 20.0, b""
        self._can_say, self.use_raw_paste = False, True
        self.serial, self.device_name, self.in_raw_repl = port, "/dev/none", False
        self.accepted: list[object] = []

    def eval(self, expression: str, parse: bool = True) -> object:
        """Return the value of an expression, and keep it."""
        value = super().eval(expression, parse)
        self.accepted.append(value)
        return value


def _readiness(transport: Transport) -> None:
    port = SimpleNamespace(name="board", prelude="")
    with patch.object(readiness.bytecode, "compiler_for", lambda interpreter: None):
        ready = readiness._asked(port, transport, stopped=False, usb_id=None)
    interpreter = ready.interpreter
    texts = (interpreter.name, interpreter.machine, interpreter.board_id, interpreter.ulab)
    assert all(text.isprintable() for text in (*texts, ready.version, ready.platform))
    assert interpreter.memory_free >= 0
    assert all("\n" not in sentence for sentence in ready.advice)


def _inventory(transport: Transport) -> None:
    files = BoardFiles(transport)
    head = files.read("spikelet/active", 10)
    assert head is None or len(head) <= 10
    taken = Inventory.take(files)
    written = taken.written or frozenset()
    kept = taken.belonging()
    names = {path for path, _ in written}
    for path in inventory.removable(files, taken, written, kept):
        known = path in names or path in taken.lists or path in taken.inside
        assert known
        assert path not in kept
        assert paths.is_relative(path)
        assert path not in USERS or path in names
    own, _ = inventory.own_entries(files, taken, ("main.py", "code.py"))
    assert set(own) <= {"main.py", "code.py"}
    assert not set(taken.strangers()) & set(taken.lists)


def _hidden(transport: Transport) -> None:
    hidden_modules.check(BoardFiles(transport), "board", {"spikert/session/__init__.py": b""})


def _held(transport: Transport) -> None:
    port = SimpleNamespace(
        name="board", prelude="", connect=lambda: contextlib.nullcontext(transport)
    )
    network, names = read_held_network(port)
    assert isinstance(network, Network)
    assert all(isinstance(name, str) for name in names)


def _upload(transport: Transport) -> None:
    sizes = list(BoardFiles(transport).store(SENT))
    assert sizes[-1] == sum(map(len, SENT.values()))


def _probe(transport: Transport) -> None:
    assert isinstance(probe._stopped("/dev/none", transport.serial), bool)


CONVERSATIONS: tuple[Callable[[Transport], None], ...] = (
    _readiness,
    _inventory,
    _hidden,
    _held,
    _upload,
    _probe,
)


def _names() -> dict[str, object]:
    """Return the names that a board needs to answer."""
    surveys = iter((SURVEY, READINESS))
    return {
        "answer": lambda: next(surveys),
        "ulab_version": "",
        "works": lambda name, code: name == "viper",
        "held": lambda held, network: [0, 500, 2000],
        "_paths": {"network.lif": "spikelet/5e6f7a8b.lif", "runtime": "spikelet/r1a2b3c4d"},
        "_file": io.BytesIO(LIF),
        "_fingerprint": lambda path: tuple(fingerprint(BOARD[path])) if path in BOARD else None,
        "_read": lambda path, at, size: BOARD[path][at : at + size] if path in BOARD else None,
        "_list": _entries,
    }


def _entries(folder: str) -> list[tuple[str, int]]:
    found = {}
    base = f"{folder}/" if folder else ""
    for path, data in BOARD.items():
        if path.startswith(base):
            name, deeper, _ = path.removeprefix(base).partition("/")
            found[name] = -1 if deeper else len(data)
    return list(found.items())


@contextlib.contextmanager
def _clock(clock: Clock) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for module in (repl_transport, upload, probe):
            stack.enter_context(patch.object(module, "time", clock))
        yield


def converse(number: int, port: Board) -> list[object]:
    """Hold a conversation with a board; return the values that were accepted."""
    transport, conversation = Transport(port), CONVERSATIONS[number]
    with _clock(port.clock):
        if conversation is not _probe:
            transport.enter_raw_repl(soft_reset=False)
        conversation(transport)
    return transport.accepted


@cache
def seeds() -> list[bytes]:
    """Return the bytes that a board sends in each conversation."""
    sent = []
    for number in range(len(CONVERSATIONS)):
        board = Board(_names())
        # A file of the user hides a module of the runtime.
        expected = _refused if CONVERSATIONS[number] is _hidden else contextlib.nullcontext
        with expected():
            converse(number, board)
        sent.append(bytes([number]) + SEPARATOR.join(board.pieces))
    return sent


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Expect a SpikeletError."""
    try:
        yield
    except SpikeletError:
        return
    raise AssertionError("no error")


def repaired(data: bytes) -> bytes:
    """Return the bytes with the right length and sum of each answer, so that its value is read."""
    head, *parts = data.split(b"<spikelet ")
    for k, part in enumerate(parts):
        value, end, rest = part.partition(answers.END)
        value = value.split(b" ", 2)[-1]
        parts[k] = b"%d %d %s%s%s" % (len(value), sum(value), value, end, rest)
    return b"<spikelet ".join([head, *parts])


def check(data: bytes) -> None:
    """Let the readers receive the pieces."""
    if not data:
        return
    pieces = data[1:].split(SEPARATOR)
    port = Replay(pieces)
    transport, conversation = Transport(port), CONVERSATIONS[data[0] % len(CONVERSATIONS)]
    output = io.StringIO()
    # raw_repl.opened makes SpikeletError of the errors of a transport.
    errors = contextlib.suppress(SpikeletError, TransportError)
    quiet = warnings.catch_warnings(action="error")
    with _clock(port.clock), errors, quiet, contextlib.redirect_stdout(output):
        if conversation is not _probe:
            transport.enter_raw_repl(soft_reset=False)
        conversation(transport)
    assert output.getvalue() == ""
    assert len(port.pieces) <= 60 + 40 * len(pieces)
    text = b"".join(pieces)
    # A transport takes text behind the end of the output for output, too, unless it is an error.
    possible = _values(text) | _values(text.replace(END, b""))
    assert all(repr(value) in possible for value in transport.accepted)


def _values(text: bytes) -> set[str]:
    """Return the values in frames with a right length and sum, by a reader of its own."""
    found = set()
    refused = ValueError, SyntaxError, TypeError, MemoryError, RecursionError, Warning
    for part in text.split(b"<spikelet ")[1:]:
        quiet = warnings.catch_warnings(action="error")
        with contextlib.suppress(*refused), quiet:
            length, total, rest = part.split(b" ", 2)
            value = rest[: int(length)]
            if sum(value) == int(total):
                found.add(repr(ast.literal_eval(value.decode())))
    return found
