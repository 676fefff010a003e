"""A folder as a board's file system, and the board's code run on it in this process.

Every operation on a file is counted, and any can be the one at which the power goes. FAT does not
rename over a file that is there.
"""

import builtins
import os
import traceback
from pathlib import Path
from types import SimpleNamespace

from mpremote.transport import TransportExecError


class PowerCut(BaseException):
    """The power went."""


class FolderBoard:
    """A transport to a board whose files are in a folder, which has to be the current one.

    fat        bool: as FAT, which has no renaming over a file
    room       int, bytes that may still be written
    corrupt    bool, whether what is written changes on its way
    cut_at     int, the operation at which the power goes, half done; None: never
    count      int, operations so far
    written    list of the paths that were opened to be written, in order, each once
    read_only  bool, as CircuitPython's while a computer has its drive
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
        """Run code as the board would, and return what it prints."""
        said = []
        self.names["print"] = lambda text: said.append(f"{text}\n")
        try:
            exec(code, self.names)
        except Exception as error:
            raise TransportExecError(1, traceback.format_exc()) from error
        return "".join(said).encode()

    def eval(self, expression: str):
        """Return what an expression is there."""
        return eval(expression, self.names)

    def exec_raw_no_follow(self, code: str) -> None:
        """Refuse: there is no console here on which a receiver could be sent anything."""
        raise TransportExecError(1, "no console")

    def step(self) -> bool:
        """Count an operation; return whether it is the one at which the power goes."""
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
    """What a board starts when it is switched on.

    runtime    {path: bytes} of the runtime's files
    files      {name: bytes} of what it is given
    """


def boot(first: tuple[str, ...] = ("code.py", "main.py")) -> Started | None:
    """Return what a board in this folder starts when it is switched on; None where it starts nothing.

    first    the entry points that the interpreter looks for, in order
    """
    entry = next((Path(name) for name in first if os.path.exists(name)), None)
    if entry is None:
        return None
    found = []
    system = SimpleNamespace(path=[])

    def start(paths=None):
        folder = Path(system.path[0] if system.path else "", "spikert")
        given = {"network.lif": "network.lif"} if paths is None else paths
        runtime = {
            path.relative_to(folder.parent).as_posix(): path.read_bytes()
            for path in folder.rglob("*.*")
        }
        files = {name: Path(path).read_bytes() for name, path in given.items() if name != "runtime"}
        found.append(Started(runtime=runtime, files=files))

    def load(name, *rest):
        if name == "sys":
            return system
        session = SimpleNamespace(boot=SimpleNamespace(start=start), main=start)
        return {"spikert": SimpleNamespace(session=session), "spikert.session": session}[name]

    names = {"__name__": "__main__", "__builtins__": vars(builtins) | {"__import__": load}}
    exec(entry.read_text(), names)
    return found[0] if found else None
