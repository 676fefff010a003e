"""Test uploads to a board: they arrive over any line, and fast."""

import random

import pytest
from boards_under_test import marks, opened

from spikelet.boards import raw_repl
from spikelet.errors import SpikeletError
from spikelet.flashing import files_by_repl, upload
from spikelet.flashing.files_by_repl import BoardFiles
from spikelet.flashing.fingerprint import fingerprint

NETWORK = random.Random(30).randbytes(30_000)
BOARDS = ("virtual", "unix", "pico", "unix:micropython-ulab", "unix:circuitpython")
EVERY_BYTE = bytes(range(256)) * 9
CONTENTS = {
    "empty": b"",
    "a byte": b"\x03",
    "ctrl-c": b"\x03" * 5000,
    "every byte": EVERY_BYTE,
    "a block": bytes(upload.BLOCK),
    "one more": bytes(upload.BLOCK + 1),
    "the mark": upload.MARK * 100,
}


def connected(name):
    return opened(name).connect()


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in BOARDS])
def test_every_byte_arrives(name):
    files = {f"of_upload/{number}.bin": data for number, data in enumerate(CONTENTS.values())}
    with connected(name) as transport:
        board = BoardFiles(transport, everywhere=True)
        board.make(["of_upload"])
        stored = list(board.store(files))
        assert board.is_fast
        assert stored == sorted(stored)
        assert stored[-1] == sum(map(len, files.values()))
        for path, data in files.items():
            assert bytes(transport.fs_readfile(path, chunk_size=1024)) == data
        # The board is back in its REPL.
        assert transport.eval("1 + 1") == 2
        board.remove([*files, "of_upload"])
        assert board.list("of_upload") == {}


class FaultyLine:
    """A serial port that damages one byte in every `every` bytes that are written.

    It changes, drops or adds the byte.

    Attributes
    ----------
    count : int
        Faults so far.
    """

    def __init__(self, line, every: int, kinds: str) -> None:
        self.line, self.every, self.kinds = line, every, kinds
        self.random = random.Random(every)
        self.left = every
        self.count = 0

    def __getattr__(self, name):
        return getattr(self.line, name)

    @property
    def timeout(self):
        return self.line.timeout

    @timeout.setter
    def timeout(self, seconds):
        self.line.timeout = seconds

    def write(self, data):
        self.left -= len(data)
        if self.left < 0 and len(data) > 40:
            self.left = self.every
            self.count += 1
            at = self.random.randrange(len(data))
            kind = self.random.choice(self.kinds)
            changed = {
                "flip": bytes([data[at] ^ 0x40]),
                "drop": b"",
                "add": data[at : at + 1] + b"!",
            }
            data = (
                data[:at] + changed[{"f": "flip", "d": "drop", "a": "add"}[kind]] + data[at + 1 :]
            )
        return self.line.write(data)


@pytest.mark.parametrize("kinds", ["f", "d", "a", "fda"])
def test_a_damaged_block_is_sent_again(kinds, monkeypatch):
    monkeypatch.setattr(upload, "UPLOAD_TIMEOUT_S", 0.3)
    files = {f"{number}.bin": NETWORK[: 7000 * number] for number in range(1, 5)}
    with connected("virtual") as transport:
        board = BoardFiles(transport, everywhere=True)
        board._need("_fingerprint", "_replace")
        with upload.Receiver(transport) as receiver:
            transport.serial = line = FaultyLine(transport.serial, 9000, kinds)
            for path, data in files.items():
                list(receiver.store(path, data))
            transport.serial = line.line
        assert line.count >= 5
        assert board.fingerprints(files) == {
            path: fingerprint(data) for path, data in files.items()
        }
        for path, data in files.items():
            assert bytes(transport.fs_readfile(path, chunk_size=4096)) == data
        board.remove(files)


def test_upload_over_bad_line_falls_back_from_receiver(monkeypatch):
    monkeypatch.setattr(upload, "UPLOAD_TIMEOUT_S", 0.1)
    sent = []

    def damaged(kind, number, data):
        sent.append(kind)
        return made(kind, number, data)[:-1] + b"?"

    made = upload.message
    monkeypatch.setattr(upload, "message", damaged)
    with connected("virtual") as transport:
        board = BoardFiles(transport, everywhere=True)
        list(board.store({"a.bin": EVERY_BYTE, "b.bin": b""}))
        assert not board.is_fast
        assert sent
        assert bytes(transport.fs_readfile("a.bin", chunk_size=4096)) == EVERY_BYTE
        assert bytes(transport.fs_readfile("b.bin", chunk_size=4096)) == b""
        board.remove(["a.bin", "b.bin", "a.bin.new"])


ENDS = {
    "lacks a module": ("", "import no_such_module\n"),
    "has no memory at first": (" view=", " raise MemoryError\n view="),
    "ends at a block": ("file.write(data)", "raise RuntimeError"),
    "ends when it is whole": ("file.close()\n     file=", "1/0\n     file="),
}


@pytest.mark.parametrize("how", ENDS)
def test_upload_stops_sending_to_ended_receiver(how, monkeypatch):
    old, new = ENDS[how]
    assert old in upload.RECEIVER
    monkeypatch.setattr(upload, "RECEIVER", upload.RECEIVER.replace(old, new, 1))
    # A raw REPL would run this code.
    code = b"\x04open('executed', 'w').close()\n\x04" * 300
    with connected("virtual") as transport:
        board = BoardFiles(transport, everywhere=True)
        list(board.store({"a.bin": code, "b.bin": EVERY_BYTE}))
        assert not board.is_fast
        assert bytes(transport.fs_readfile("a.bin", chunk_size=4096)) == code
        assert bytes(transport.fs_readfile("b.bin", chunk_size=4096)) == EVERY_BYTE
        assert board.read("executed") is None
        board.remove(["a.bin", "b.bin", "a.bin.new"])


def test_file_with_other_checksum_on_board_is_not_kept(monkeypatch):
    other = "\ndef _fingerprint(path):\n return len(open(path,'rb').read()),0\n"
    on_board = {**files_by_repl.ON_BOARD, "_fingerprint": other}
    monkeypatch.setattr(files_by_repl, "ON_BOARD", on_board)
    with connected("virtual") as transport:
        board = BoardFiles(transport, everywhere=True)
        with pytest.raises(SpikeletError, match=r"a\.bin arrived damaged"):
            list(board.store({"a.bin": EVERY_BYTE}))
        assert board.read("a.bin") is None
        assert transport.eval("1 + 1") == 2
        board.remove(["a.bin.new"])


def test_ctrl_c_of_the_user_leaves_the_board_in_its_repl():
    with connected("virtual") as transport:
        board = BoardFiles(transport, everywhere=True)
        steps = board.store({"a.bin": NETWORK})
        next(steps)
        with pytest.raises(KeyboardInterrupt):
            steps.throw(KeyboardInterrupt)
        assert board.read("a.bin") is None


@pytest.mark.emulated
def test_an_upload_is_faster_than_mpremote_s():
    """Compare cycles without those of flash; docs/explanation/upload-speed.md has the times."""
    pico = opened("pico")
    with pico.powered() as power, raw_repl.opened(power.name, power.device) as transport:

        def taken(work):
            before = power.stats()
            work()
            after = power.stats()
            return [after[name] - before[name] for name in ("cycles", "written")]

        board = BoardFiles(transport, everywhere=True)
        theirs, pages = taken(lambda: transport.fs_writefile("theirs.bin", NETWORK))
        ours, _ = taken(lambda: list(board.store({"ours.bin": NETWORK})))
        code = f"file = open('bare.bin', 'wb')\nfor i in range({len(NETWORK) // 1000}):\n"
        flash, _ = taken(lambda: transport.exec(code + " file.write(bytes(1000))\nfile.close()"))
        assert board.is_fast
        board.remove(["ours.bin", "theirs.bin", "bare.bin"])
    print(f"mpremote {theirs:,} cycles, ours {ours:,}; the flash alone {flash:,}")
    assert pages > len(NETWORK) // 256
    # The file is written, not only sent.
    assert flash > 0.3 * ours
    assert theirs > 1.6 * ours
    assert theirs - flash > 2.3 * (ours - flash)


def test_the_receiver_is_sent_once(monkeypatch):
    with connected("virtual") as transport:
        board, sent, run = BoardFiles(transport, everywhere=True), [], transport.exec
        monkeypatch.setattr(transport, "exec", lambda code: sent.append(code) or run(code))
        for path in ("a.bin", "b.bin"):
            list(board.store({path: EVERY_BYTE}))
            assert bytes(transport.fs_readfile(path, chunk_size=4096)) == EVERY_BYTE
        assert board.is_fast
        assert sent.count(upload.RECEIVER) == 1
        board.remove(["a.bin", "b.bin"])
