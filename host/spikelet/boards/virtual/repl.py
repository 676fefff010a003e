"""Serve a raw REPL on interpreters for computers, which lack one.

The same tools can then reach a real board and a process. The REPL runs the code that it receives and
returns its output and its error, each closed by Ctrl-D. This file runs on all three interpreters.
Source: MicroPython's manual, "The MicroPython Interactive Interpreter Mode (aka REPL)", raw mode and
raw-paste mode.
"""

import sys

CTRL_A, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x03", b"\x04", b"\x05"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
# Bytes of pasted code that the sender may send ahead.
WINDOW = 0x1000


def serve(reader, writer, names=None):
    """Run the code from `reader` until the input ends.

    Parameters
    ----------
    reader, writer : binary streams
    names : dict, optional
        Global names of the code, beside __name__.
    """
    names = dict(names or {}, __name__="__main__")
    code = b""
    while True:
        byte = reader.read(1)
        if not byte:
            return
        if byte == CTRL_A:
            code = b""
            writer.write(PROMPT)
        elif byte == CTRL_E and not code:
            reader.read(2)
            _run(_paste(reader, writer), names, writer)
        elif byte == CTRL_D:
            writer.write(b"OK")
            _run(code, names, writer)
            code = b""
        else:
            code = b"" if byte == CTRL_C else code + byte


def _paste(reader, writer):
    """Return code that arrives in raw-paste mode, which confirms each window."""
    writer.write(b"R\x01" + bytes((WINDOW & 0xFF, WINDOW >> 8)))
    code = bytearray()
    byte = reader.read(1)
    while byte and byte != CTRL_D:
        code += byte
        if len(code) % WINDOW == 0:
            writer.write(CTRL_A)
        byte = reader.read(1)
    writer.write(CTRL_D)
    return bytes(code)


def _run(code, names, writer):
    """Run code; write Ctrl-D, the text of its error and Ctrl-D again."""
    error = ""
    try:
        exec(compile(code.decode(), "<stdin>", "exec"), names)
    # The REPL survives every error of the code.
    except (Exception, KeyboardInterrupt) as problem:
        error = "Traceback (most recent call last):\r\n%s: %s\r\n" % (
            type(problem).__name__,
            problem,
        )
    writer.write(CTRL_D + error.encode() + CTRL_D + b">")


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
