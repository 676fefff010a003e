"""Receive files from the host in blocks with checksums.

host/spikelet/flashing/receiver.py describes the protocol.
"""

import sys


def _console():
    """Return the streams of the REPL that carry bytes."""
    source, sink = sys.stdin, sys.stdout
    if sys.implementation.name != "micropython":
        try:
            import usb_cdc

            source = sink = usb_cdc.console
        except ImportError:
            pass
    return getattr(source, "buffer", source), getattr(sink, "buffer", sink)


def _reader(source, block, head, crc32):
    """Return functions that wait for a number of bytes, and for a message: (kind, number, data)."""
    view = memoryview(bytearray(block))

    def take(size):
        at = 0
        while at < size:
            count = source.readinto(view[at:size])
            if not count:
                raise EOFError
            at += count
        return view[:size]

    def message():
        start = bytes(take(head))
        try:
            number, size, threes = int(start[1:9], 16), int(start[9:13], 16), int(start[13:17], 16)
            crc, end = int(start[17:], 16), size + 4 * threes
            if end <= block:
                if crc32(take(end), crc32(start[:17])) == crc:
                    for i in range(size, end, 4):
                        view[int(bytes(view[i : i + 4]), 16)] = 3
                    return start[:1], number, view[:size]
        except ValueError:
            pass
        return b"?", 0, b""

    return take, message


def _skip(take, mark):
    """Read until the mark has passed; Ctrl-C may be among the bytes."""
    tail = b""
    while tail != mark:
        byte = bytes(take(1))
        if byte == b"\x03":
            raise KeyboardInterrupt
        tail = (tail + byte)[-len(mark) :]


def _receive(block, head, mark, crc32, fingerprint, replace, own):
    """Store the files that the host sends, until it sends the message Q.

    Parameters
    ----------
    block, head, mark : bytes of a block, bytes before it, and the bytes before a repeated message
    crc32, fingerprint, replace, own : the functions of files.py
    """
    source, sink = _console()
    take, message = _reader(source, block, head, crc32)

    def say(kind, number):
        sink.write(("%s%08x\n" % (kind, number)).encode())

    file, path, temporary, crc, have = None, "", "", 0, 0
    say("+", 0)
    try:
        while True:
            kind, number, data = message()
            try:
                if kind == b"Q":
                    return
                if kind == b"F":
                    path, suffix, expected = bytes(data).decode().rsplit(" ", 2)
                    crc, temporary = int(expected, 16), own(path + suffix)
                    if file:
                        file.close()
                    file, have = open(temporary, "wb"), 0
                elif kind == b"B" and number == have and file:
                    file.write(data)
                    have += len(data)
                elif kind == b"E" and file:
                    file.close()
                    file = None
                    if fingerprint(temporary) != (number, crc):
                        raise ValueError("damaged")
                    replace(temporary, path)
            except (OSError, ValueError, MemoryError) as error:
                text = ("%s: %s" % (type(error).__name__, error)).encode()
                say("!", len(text))
                sink.write(text)
                continue
            if kind == b"?":
                say("?", have)
                _skip(take, mark)
            else:
                say("=" if kind == b"E" else "+", have)
    finally:
        if file:
            file.close()
