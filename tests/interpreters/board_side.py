# Run every file of firmware/board_side as a REPL runs it, with stand-ins for modules of boards.
# Run in an empty folder, with the folder of the files as argument; prints a line per answer.
import binascii
import sys


class Module:
    pass


def run(name, **values):
    """Return the names that a file leaves, after these values were assigned in front of it."""
    with open(sys.argv[1] + "/" + name + ".py") as file:
        exec(file.read(), values)
    return values


def module(name, **attributes):
    """Make `import name` return a module with these attributes."""
    sys.modules[name] = stub = Module()
    for key, value in attributes.items():
        setattr(stub, key, value)
    return stub


def attempt(call, *arguments):
    """Return the result of a call, or the number of the OSError that it raises."""
    try:
        return call(*arguments)
    except OSError as error:
        return error.args[0]


# files.py

files = run("files")
CLIMBING = (
    "/a",
    "..",
    "../a",
    "a/../b",
    "a//b",
    "./a",
    "",
    "a\\b",
    "C:/a",
    "a\0",
    "a\x1b",
    "a\x7f",
    "a/",
)
OUTSIDE = "a", "spikelets/a", "main.pyc", "boot.py", "lib/main.py"
INSIDE = "spikelet", "spikelet/a", "spikelet/r1/a.mpy", "main.py", "main.py.12345678", "code.py"


CHANGES = ("_write", ("wb", b"")), ("_replace", ("spikelet/a",)), ("_make", ()), ("_remove", ())


def refused(*paths):
    """Return the paths that a function refuses to change, once for each function."""
    found = []
    for path in paths:
        for name, rest in CHANGES:
            try:
                files[name](path, *rest)
            except (OSError, ValueError) as error:
                if "not a path" in str(error):
                    found.append(path)
    return found


def four_times(paths):
    return [path for path in paths for _ in CHANGES]


print("paths", refused(*CLIMBING, *OUTSIDE) == four_times(CLIMBING + OUTSIDE))
print("inside", [path for path in INSIDE if files["_own"](path) != path])
files["_roots"] = ("",)
print("everywhere", refused(*CLIMBING) == four_times(CLIMBING), files["_own"]("lib/a"))
NOISE = bytes([(i * i * 31 + i * 7) & 255 for i in range(2500)])
files["_make"]("a")
files["_make"]("a")
files["_write"]("a/one.bin", "wb", NOISE[:2000])
files["_write"]("a/one.bin", "ab", NOISE[2000:])
files["_write"]("a/two.bin", "wb", b"two")
print("listed", sorted(files["_list"]("a")), ("a", -1) in files["_list"](""))
print("read", files["_read"]("a/one.bin", 2, 5), files["_read"]("none", 0, 5))
print("fingerprint", files["_fingerprint"]("a/one.bin"), files["_fingerprint"]("none"))
files["_replace"]("a/two.bin", "a/one.bin")
print("replaced", files["_read"]("a/one.bin", 0, 9), files["_read"]("a/two.bin", 0, 9))
print("replace nothing", attempt(files["_replace"], "none", "a/one.bin"))
print("make in nothing", attempt(files["_make"], "none/a"))
for path in ("a/one.bin", "a", "none"):
    files["_remove"](path)
print("nothing listed", files["_list"]("a"))


class FatFolder:
    """A file system that cannot rename over a file."""

    def __init__(self):
        self.names = ["old", "new"]

    def stat(self, path):
        self.names.index(path)

    def rename(self, old, new):
        if new in self.names:
            raise OSError(17)
        self.names[self.names.index(old)] = new

    def remove(self, path):
        self.names.remove(path)


fat = files["os"], FatFolder()
files["os"] = fat[1]
files["_replace"]("new", "old")
files["os"] = fat[0]
print("on FAT", fat[1].names)


# Builds for little flash lack binascii.crc32.
files["_write"]("one.bin", "wb", NOISE)
module("binascii")
print("without crc32", run("files")["_fingerprint"]("one.bin") == files["_fingerprint"]("one.bin"))
sys.modules["binascii"] = binascii
files["_remove"]("one.bin")

# receive.py


class Cable:
    def __init__(self, data):
        self.data = data
        self.written = b""

    def readinto(self, view):
        size = min(len(view), len(self.data), 100)
        view[:size] = self.data[:size]
        self.data = self.data[size:]
        return size

    def write(self, data):
        self.written += bytes(data)


BLOCK, HEAD, MARK = 512, 25, b"\n-- mark --\n"
CRC32 = binascii.crc32


def message(kind, number, data):
    threes = [i for i in range(len(data)) if data[i] == 3]
    body = bytes([2 if value == 3 else value for value in data])
    body += b"".join([f"{i:04x}".encode() for i in threes])
    head = f"{kind}{number:08x}{len(data):04x}{len(threes):04x}".encode()
    return head + f"{CRC32(body, CRC32(head)):08x}".encode() + body


def receive(*sent):
    """Print the receiver's answers to these bytes, and its end."""
    cable = Cable(b"".join(sent))
    receiver = run("receive")
    receiver["_console"] = lambda: (cable, cable)
    ask = BLOCK, HEAD, MARK, CRC32, files["_fingerprint"], files["_replace"], files["_own"]
    try:
        ended = receiver["_receive"](*ask)
    except (EOFError, KeyboardInterrupt) as error:
        ended = type(error).__name__
    accepted, refused, reason = cable.written.partition(b"!")
    # Each interpreter has its own text for a system error.
    if b"Errno 2]" in reason:
        reason = b"no such folder"
    print("receive", accepted, refused, reason, ended, len(cable.data))


DATA = bytes(range(256))
CRC = f"{CRC32(DATA):08x}".encode()
begin, block = message("F", 0, b"b.bin .new " + CRC), message("B", 0, DATA)
end = message("E", len(DATA), b"")
quit = message("Q", 0, b"")
receive(begin, block, end, quit)
print("received", files["_read"]("b.bin", 0, 256) == DATA)
damaged = block[:40] + b"!" + block[41:]
receive(begin, damaged, MARK, block, end, quit)
receive(begin, b"not a message, but as long", MARK[:3], MARK, block, end, quit)
receive(begin, message("B", 0, DATA[1:]), end, quit)
print("kept", files["_read"]("b.bin", 0, 256) == DATA)
receive(begin, message("B", 9, DATA), quit)
receive(message("F", 0, b"none/b.bin .new " + CRC), quit)
receive(message("F", 0, b"../b.bin .new " + CRC), quit)
receive(begin, block)
receive(begin, damaged, b"\x03")
for path in ("b.bin", "b.bin.new"):
    files["_remove"](path)

# forget_runtime.py, survey.py, abilities.py, readiness.py, identity.py

module("spikert.session")
module("spikert")
print("forgotten", run("forget_runtime")["session"], [n for n in sys.modules if n[:7] == "spikert"])


class Partition:
    """A ROM partition of 5 blocks of 4096 bytes."""

    def ioctl(self, request, argument):
        return {4: 5, 5: 4096}[request]


roms = {1: 1, 2: Partition()}
vfs = module("vfs", rom_ioctl=lambda request, number=0: roms[request])
for roms[2] in (Partition(), bytearray(7)):
    survey = run("survey")
    identity, memory, sizes = survey["answer"]()
    print(
        "survey",
        len(identity),
        identity[0] == sys.implementation.name,
        identity[1] != "",
        memory >= 0,
    )
    print("sizes", sizes[0], [size >= 0 for size in sizes[1:]])
roms[1] = -19
print("no ROM", run("survey")["answer"]()[2][0])
module("vfs")
print("no function for ROMs", run("survey")["answer"]()[2][0])

module("ulab", __version__="6.5")
module("micropython")
abilities = run("abilities")
print("ulab", abilities["ulab_version"])
for code in (
    "def f(x):\n return x + 1\n",
    "def f(x):\n return x\n",
    "def f(",
    "1 / 0\n",
    "g = 1\n",
):
    print("works", abilities["works"]("f", code))
module("ulab")
print("ulab without a version", repr(run("abilities")["ulab_version"]))
del sys.modules["micropython"]

readiness = run("readiness")
platform, version, read_only, second_port = readiness["answer"]()
print("ready", platform == sys.platform, version[0] >= 1, read_only, second_port)
files["_write"]("network.lif", "wb", b"12345")
print("held", readiness["held"]({}, "network.lif"))
for folder in ("r1", "r1/spikert"):
    files["_make"](folder)
files["_write"]("r1/spikert/session.py", "wb", b"123")
print("held", readiness["held"]({"runtime": "r1", "network.lif": "none"}, "network.lif"))
for path in ("r1/spikert/session.py", "r1/spikert", "r1", "network.lif"):
    files["_remove"](path)

print("identity", run("identity")["identity"][0] == sys.implementation.name)
cpu = Module()
cpu.uid = bytes((0, 10, 255))
module("microcontroller", cpu=cpu)
print("identity", run("identity")["identity"][1])

# mount_rom.py, mount_image.py, choose.py

mounted = []
vfs = module("vfs", mount=lambda *what: mounted.append(what), VfsRom=lambda memory: memory)
vfs.rom_ioctl = lambda request, number: ("ROM", request, number)
module("uctypes", bytearray_at=lambda address, size: ("memory", address, size))
places = sys.path[:]
for _ in range(2):
    run("mount_rom", _paths={})
print("mounted", mounted, sys.path[:1], len(sys.path) - len(places))
sys.path[:] = places
run("mount_image", _place=(0x20000000, 4096))
print("mounted", mounted[2:], sys.path[:1])


def refuse(*what):
    raise OSError(1)


vfs.mount = refuse
sys.path[:] = places
run("mount_rom")
print("refused", sys.path[:1])
sys.path[:] = places
run("mount_image", _place=(0, 0))
print("refused", sys.path == places)

sys.path[:] = ["", "spikelet/r1", "/rom", "/lib"]
run("choose", _paths={"runtime": "/rom"})
print("chosen", sys.path)
run("choose", _paths={"runtime": "spikelet/r2"})
print("chosen", sys.path)

# bench.py

bench = run("bench")
print("allocated", bench["allocated"]() >= 0)
table = Module()
table.crc, table.sha256 = 5, bytearray(b"ab")
tables, compat = Module(), Module()
tables.load = lambda path: table if path == "n.lif" else None
compat.runtime_name, compat.machine_name = lambda: "runtime", lambda: "machine"
print("known", bench["known"](tables, compat, "n.lif"))
