"""What runs on a board while files are sent to it, and what is said between it and the host.

What the host sends:   kind  number  size  threes  crc   then `size` bytes, and `threes` places
                          1       8     4       4    8   characters, the numbers in hexadecimal

    F    a file begins; its bytes: path, space, sha256           B    bytes of it, from `number` on
    E    it is whole: hash what was stored, and rename it        Q    no more files

What the board says:   kind  number  \\n

    +    number bytes of the file are stored      =    it has taken its place
    ?    that was damaged; it waits for MARK      !    it failed, with so many bytes that say how

The host waits for each answer, so that no buffer has to hold more than one block. No byte of it is 03,
which is Ctrl-C: each travels as 02, and its place behind the block, in 4 hexadecimal characters. So
Ctrl-C always ends the receiver, whatever it waits for, and no time-out is needed there.
"""

from __future__ import annotations

import zlib

from spikert import wire

BLOCK = 4096  # bytes, with the places
HEAD, ANSWER = 25, 10  # bytes
MARK = b"\nspikelet: here a block begins\n"

# The board's side; needs MODULES, _sha256 and _replace of board_files.
RECEIVER = """
crc32 = binascii.crc32
source, sink = sys.stdin, sys.stdout
if sys.implementation.name == "circuitpython":
    try:
        import usb_cdc
        source = sink = usb_cdc.console
    except ImportError:
        pass
source, sink = getattr(source, "buffer", source), getattr(sink, "buffer", sink)
def _receive():
    view = memoryview(bytearray(<BLOCK>))
    def take(size):
        done = 0
        while done < size:
            count = source.readinto(view[done:size])
            if not count:
                raise EOFError
            done += count
        return view[:size]
    def message():
        head = bytes(take(<HEAD>))
        try:
            number, size, threes = int(head[1:9], 16), int(head[9:13], 16), int(head[13:17], 16)
            crc, end = int(head[17:], 16), size + 4 * threes
            if end <= <BLOCK>:
                if crc32(take(end), crc32(head[:17])) == crc:
                    for i in range(size, end, 4):
                        view[int(bytes(view[i:i + 4]), 16)] = 3
                    return head[:1], number, view[:size]
        except ValueError:
            pass
        return b"?", 0, b""
    def say(kind, number):
        sink.write(("%s%08x\\n" % (kind, number)).encode())
    file, path, wanted, have = None, "", "", 0
    say("+", 0)
    try:
        while True:
            kind, number, data = message()
            try:
                if kind == b"Q":
                    return
                if kind == b"F":
                    path, wanted = bytes(data).decode().rsplit(" ", 1)
                    if file:
                        file.close()
                    file, have = open(path + ".new", "wb"), 0
                elif kind == b"B" and number == have and file:
                    file.write(data)
                    have += len(data)
                elif kind == b"E" and file:
                    file.close()
                    file = None
                    if _sha256(path + ".new") != wanted:
                        raise ValueError("damaged")
                    _replace(path + ".new", path)
            except (OSError, ValueError, MemoryError) as error:
                text = ("%s: %s" % (type(error).__name__, error)).encode()
                say("!", len(text))
                sink.write(text)
                continue
            if kind == b"?":
                say("?", have)
                seen = b""
                while seen != <MARK>:
                    seen = (seen + bytes(take(1)))[-<SIZE>:]
                    if view[0] == 3:
                        raise KeyboardInterrupt
            else:
                say("=" if kind == b"E" else "+", have)
    finally:
        if file:
            file.close()
"""
for _name, _value in {
    "<BLOCK>": BLOCK,
    "<HEAD>": HEAD,
    "<MARK>": MARK,
    "<SIZE>": len(MARK),
}.items():
    RECEIVER = RECEIVER.replace(_name, repr(_value))


def answer(kind: bytes, number: int) -> bytes:
    """Return an answer of the board's."""
    return kind + b"%08x\n" % number


def message(kind: bytes, number: int, data: bytes) -> bytes:
    """Return a message with these bytes."""
    threes = [i for i, value in enumerate(data) if value == wire.CTRL_C[0]]
    body = data.replace(wire.CTRL_C, b"\x02") + b"".join(b"%04x" % i for i in threes)
    head = b"%c%08x%04x%04x" % (kind, number, len(data), len(threes))
    return head + b"%08x" % zlib.crc32(body, zlib.crc32(head)) + body


def compact(code: str) -> str:
    """Return the board's code with a space for every four: each character takes time there."""
    return code.replace("    ", " ")
