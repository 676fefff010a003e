"""Write files for tests into the folder of a board, or into the flash of an emulated Pico that is off.

MicroPython for this computer writes them with the file system of the Pico in a tenth of a second. A
flash of the whole runtime through the emulated Pico takes 7 to 80 seconds. Only the tests of flashing
and of power cuts do that.
"""

import functools
import json
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from spikelet import installation
from spikelet.boards import interpreter, resolve
from spikelet.boards.port import Port
from spikelet.boards.start_code import ACTIVE, FOLDER
from spikelet.boards.virtual.emulated import Virtual
from spikelet.boards.virtual.pico import FIRMWARE, Pico
from spikelet.errors import SpikeletError
from spikelet.flashing import manifest, stage
from spikelet.flashing.fingerprint import fingerprint
from spikelet.flashing.layout import Layout, parent_folders
from spikelet.flashing.runtime.parts import RuntimeParts

FLASH = 2 << 20  # bytes, of the chip
FILES = 1408 << 10  # bytes at its end, for files; source: MicroPython, ports/rp2/boards/RPI_PICO
HEAP = "64m"

WRITE = """
import json, sys, vfs
BLOCK = 4096
class Flash:
    def __init__(self, size):
        self.data = bytearray(b"\\xff" * size)
    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, operation, block):
        if operation == 4:
            return len(self.data) // BLOCK
        if operation == 5:
            return BLOCK
        return 0
flash = Flash(int(sys.argv[1]))
vfs.VfsLfs2.mkfs(flash, progsize=256)
files = vfs.VfsLfs2(flash, progsize=256)
vfs.mount(files, "/flash")
listing = json.load(sys.stdin)
for folder in listing["folders"]:
    files.mkdir("/" + folder)
for path, copied in listing["files"].items():
    with open(copied, "rb") as source, open("/flash/" + path, "wb") as target:
        target.write(source.read())
vfs.umount("/flash")
with open(sys.argv[2], "wb") as image:
    image.write(flash.data)
"""


READ = """
import json, sys, vfs
BLOCK = 4096
class Flash:
    def __init__(self, data):
        self.data = data
    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        raise OSError(30)
    def ioctl(self, operation, block):
        if operation == 4:
            return len(self.data) // BLOCK
        return BLOCK if operation == 5 else 0
with open(sys.argv[1], "rb") as image:
    data = image.read()[-int(sys.argv[2]):]
vfs.mount(vfs.VfsLfs2(Flash(data), progsize=256), "/flash")
contents = {}
for path in json.load(sys.stdin):
    try:
        with open("/flash/" + path, "rb") as file:
            contents[path] = file.read().hex()
    except OSError:
        pass
print(json.dumps(contents))
"""


def put(port: Port, files: Mapping[str, bytes], others: Mapping[str, bytes] | None = None) -> None:
    """Put files on a board and to use, as `stage.install_payload` does; a Pico loses all others.

    A board whose files cannot be written directly is flashed like any board.

    Parameters
    ----------
    port : Port
    files : mapping of str to bytes
        {name: bytes}, as for `Layout.of_files`.
    others : mapping of str to bytes, optional
        {path: bytes} of a user's files, for a Pico.
    """
    if isinstance(port, Virtual):
        _copy(installation.cache_folder(port.storage, "files"), files)
        return
    try:
        micropython = resolve.resolve("unix").interpreter[0] if _is_pico(port) else None
    except SpikeletError:
        micropython = None
    if micropython is None:
        list(stage.install_payload(port, files))
    else:
        wanted = {**_placed(files), **(others or {})}
        _write(micropython, installation.cache_folder(port.storage), wanted)


def read(pico: Pico, paths: Collection[str]) -> dict[str, bytes]:
    """Return {path: content} of files in the flash of a Pico that is off, without missing ones."""
    image = installation.cache_folder(pico.storage) / "flash.bin"
    micropython = resolve.resolve("unix").interpreter[0]
    command = [micropython, "-X", f"heapsize={HEAP}", "-c", READ, str(image), str(FILES)]
    run = subprocess.run(
        command,
        input=json.dumps([*paths]),
        text=True,
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
    )
    return {path: bytes.fromhex(data) for path, data in json.loads(run.stdout).items()}


def runtime(port: Port, *, compiled: bool = False) -> Mapping[str, bytes]:
    """Return the runtime's files that a board can run, as sources or compiled to bytecode.

    An emulated Pico always gets bytecode, as `spikelet flash` sends it, since it takes half a minute
    to compile the sources. Its sensors are tested from sources.
    """
    return _runtime(port.name, compiled or _is_pico(port))


@functools.cache
def _runtime(name: str, compiled: bool) -> Mapping[str, bytes]:
    asked = _asked(name)
    return RuntimeParts.for_interpreter(
        asked if compiled else replace(asked, bytecode=(0, 0))
    ).files


@functools.cache
def _asked(name: str) -> interpreter.Interpreter:
    return interpreter.survey_port(resolve.resolve(name))


def _is_pico(port: Port) -> bool:
    return isinstance(port, Pico) and port.firmware.name == FIRMWARE  # others divide it otherwise


def _placed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return {path: bytes} of all files on a board that has these files in use."""
    layout = Layout.of_files(files)
    written = {**layout.staged, **layout.entries}
    named = manifest.to_bytes(
        frozenset((path, fingerprint(data)) for path, data in written.items())
    )
    return {**written, ACTIVE: layout.active, manifest.MANIFEST: named}


def _copy(folder: Path, files: Mapping[str, bytes]) -> None:
    wanted = _placed(files)
    for path in (folder / FOLDER).rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for name, data in wanted.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _write(micropython: str, folder: Path, wanted: Mapping[str, bytes]) -> None:
    copies = folder / "copies"
    copies.mkdir(exist_ok=True)
    listing = {"folders": parent_folders(wanted), "files": {}}
    for number, (path, data) in enumerate(wanted.items()):
        (copies / str(number)).write_bytes(data)
        listing["files"][path] = str(copies / str(number))
    image = folder / "files.image"
    command = [micropython, "-X", f"heapsize={HEAP}", "-c", WRITE, str(FILES), str(image)]
    subprocess.run(command, input=json.dumps(listing), text=True, check=True, timeout=60)
    (folder / "flash.bin").write_bytes(b"\xff" * (FLASH - FILES) + image.read_bytes())
