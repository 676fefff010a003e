"""Check the names of classes, which every file and every message repeats."""

from collections.abc import Sequence
from unicodedata import category

from spikelet.errors import RefusedInput

# Bytes of all names with a byte between them; the header of a .lif file has 16 bits for it.
MAX_BYTES = 65535
# Control characters, halves of a character, separators of lines and of paragraphs.
UNPRINTED = ("Cc", "Cs", "Zl", "Zp")


def check_names(names: Sequence[str], owner: str = "") -> None:
    """Refuse names that a file cannot hold or that a terminal would obey.

    Parameters
    ----------
    names : sequence of str
    owner : str
        Beginning of the message, such as the name of a file with a colon and a space.

    Raises
    ------
    RefusedInput
        If a name is empty or has a control character, or all are too long together.
    """
    for position, name in enumerate(names):
        if not name:
            raise RefusedInput(f"{owner}the name of class {position} is empty; give it a letter")
        if strange := [letter for letter in name if category(letter) in UNPRINTED]:
            raise RefusedInput(
                f"{owner}the name of class {position}, {name[:40]!a}, has the character "
                f"U+{ord(strange[0]):04X}; use letters that can be printed in one line"
            )
    size = len("\n".join(names).encode())
    if size > MAX_BYTES:
        raise RefusedInput(
            f"{owner}the names of the classes have {size} bytes; at most {MAX_BYTES} fit a .lif file"
        )
