"""Removes control sequences from the text of a board's console.

CircuitPython writes a title bar to its console: ESC ]0;title ESC \\ when its state changes, and
ESC [2K ESC [0G around the output of a program. They are for terminals, and no text of the program.
Source: ECMA-48, 5.4 and 8.3.89.
"""

import re

# An operating system command (OSC) ends with ST or BEL; a control sequence (CSI) with its final byte.
SEQUENCE = re.compile(r"\x1b\].*?(?:\x1b\\|\x07)|\x1b\[[0-?]*[ -/]*[@-~]", re.DOTALL)


def plain(text: str) -> str:
    """Return text without control sequences for terminals."""
    return SEQUENCE.sub("", text)
