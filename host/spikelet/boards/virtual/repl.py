"""A raw REPL, for interpreters on a computer that lack one; runs on any of the three.

Speaks what MicroPython's boards speak at their console, so that a board that is only a process is
reached by the same tools: code that comes is run, its output and its errors go back, each closed by
Ctrl-D. Source: MicroPython's manual, "The MicroPython Interactive Interpreter Mode (aka REPL)", raw
mode and raw-paste mode.
"""

import sys

CTRL_A, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x03", b"\x04", b"\x05"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
WINDOW = 0x1000  # bytes of pasted code that may be under way


def serve(reader, writer):
    """Run the code that comes until the input ends."""
    names = {"__name__": "__main__"}
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
    """Take code in raw-paste mode, in which the reader says when it can take more."""
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
    """Run code, then close its output and the text of the error that ended it."""
    error = ""
    try:
        exec(compile(code.decode(), "<stdin>", "exec"), names)
    except (Exception, KeyboardInterrupt) as problem:  # a REPL survives whatever it runs
        error = "Traceback (most recent call last):\r\n%s: %s\r\n" % (
            type(problem).__name__,
            problem,
        )
    writer.write(CTRL_D + error.encode() + CTRL_D + b">")


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
