"""Run a board's code in this process, with a folder as its file system.

Every operation on a file is counted, and the power can fail at any of them. FAT cannot rename a file
over an existing one.
"""

import builtins
import functools
import os
import traceback
from pathlib import Path
from types import SimpleNamespace

from mpremote.transport import TransportExecError

# Boards run the same code many times.
_compiled = functools.cache(functools.partial(compile, filename="<board>", mode="exec"))


class PowerCut(BaseException):
    """The power fails."""


class FolderBoard:
    """A transport to a board whose files are in the current folder.

    Attributes
    ----------
    fat : bool
        Behave like FAT, which cannot rename a file over an existing one.
    room : int
        Bytes that may still be written.
    corrupt : bool
        Change data while it is written.
    cut_at : int or None
        The operation at which the power fails, half done; None: never.
    count : int
        Operations so far.
    written : list of str
        The paths that were opened for writing, in order, each once.
    read_only : bool
        Behave like CircuitPython while a computer has its drive.
    """

    def __init__(self, *, fat: bool = False) -> None:
        self.fat = fat
        self.room = 1_000_000
        self.corrupt = False
        self.read_only = False
        self.cut_at = None
        self.count = 0
        self.written = []
        self.serial = SimpleNamespace(timeout=None)
        self.os = SimpleNamespace(
            stat=os.stat,
            listdir=os.listdir,
            getcwd=os.getcwd,
            rename=self._changing(self._rename),
            remove=self._changing(os.remove),
            mkdir=self._changing(os.mkdir),
            rmdir=self._changing(os.rmdir),
        )
        self.names = {
            "__builtins__": vars(builtins) | {"open": self._open, "__import__": self._import}
        }

    def exec(self, code: str) -> bytes:
        """Run code as the board would, and return the text that it prints."""
        output = []
        self.names["print"] = lambda text: output.append(f"{text}\n")
        try:
            exec(_compiled(code), self.names)
        except Exception as error:
            raise TransportExecError(1, traceback.format_exc()) from error
        return "".join(output).encode()

    def eval(self, expression: str):
        """Return the value of an expression on the board."""
        try:
            return eval(expression, self.names)
        except Exception as error:
            raise TransportExecError(1, traceback.format_exc()) from error

    def exec_raw_no_follow(self, code: str) -> None:
        """Refuse, because this board has no console for a receiver."""
        raise TransportExecError(1, "no console")

    def step(self) -> bool:
        """Count an operation; return whether the power fails at it."""
        self.count += 1
        return self.cut_at is not None and self.count > self.cut_at

    def _import(self, name, *rest):
        return self.os if name == "os" else builtins.__import__(name, *rest)

    def _changing(self, change):
        def changed(*arguments):
            if self.read_only:
                raise OSError(30, "Read-only filesystem")
            if self.step():
                raise PowerCut
            return change(*arguments)

        return changed

    def _rename(self, old, new):
        if self.fat and os.path.exists(new):
            raise FileExistsError(17, "File exists")
        os.rename(old, new)

    def _open(self, path, mode="r"):
        if "r" in mode:
            return open(path, mode)
        if self.read_only:
            raise OSError(30, "Read-only filesystem")
        if path not in self.written:
            self.written.append(path)
        if self.step():
            raise PowerCut
        return _Limited(self, open(path, mode, buffering=0))


class _Limited:
    def __init__(self, board, file) -> None:
        self.board, self.file = board, file

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        if self.board.step():
            self.file.write(data[: len(data) // 2])
            raise PowerCut
        self.board.room -= len(data)
        if self.board.room < 0:
            raise OSError(28, "No space left on device")
        self.file.write(data[:-1] + b"?" if self.board.corrupt else data)


class Started(SimpleNamespace):
    """The network that a board starts when it is switched on.

    Attributes
    ----------
    runtime : dict of str to bytes
        The runtime's files by path.
    files : dict of str to bytes
        The network and other files for it, by name.
    """


def boot(first: tuple[str, ...] = ("code.py", "main.py")) -> Started | None:
    """Return the network that a board in this folder starts; None if it starts none.

    Parameters
    ----------
    first : tuple of str
        The entry points that the interpreter tries, in order.
    """
    entry = next((Path(name) for name in first if os.path.exists(name)), None)
    if entry is None:
        return None
    starts = []
    system = SimpleNamespace(path=[])

    def start(paths=None):
        folder = Path(system.path[0] if system.path else "", "spikert")
        arguments = {"network.lif": "network.lif"} if paths is None else paths
        runtime = {
            path.relative_to(folder.parent).as_posix(): path.read_bytes()
            for path in folder.rglob("*.*")
        }
        files = {
            name: Path(path).read_bytes() for name, path in arguments.items() if name != "runtime"
        }
        starts.append(Started(runtime=runtime, files=files))

    def load(name, *rest):
        if name == "sys":
            return system
        session = SimpleNamespace(boot=SimpleNamespace(start=start), main=start)
        return {"spikert": SimpleNamespace(session=session), "spikert.session": session}[name]

    names = {"__name__": "__main__", "__builtins__": vars(builtins) | {"__import__": load}}
    exec(_compiled(entry.read_text()), names)
    return starts[0] if starts else None
