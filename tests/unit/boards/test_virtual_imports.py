"""Test what code on the virtual board can import, and that it refuses what CircuitPython refuses."""

import ast
import re
import sysconfig
from pathlib import Path

import pytest
from sensor_boards import VIRTUAL, fresh_modules

# Names that CircuitPython has and its stubs lack.
WITHOUT_STUB = {"ulab": {"__version__", "dtype"}}


class Board:
    """A virtual board whose files are in the current folder."""

    def __init__(self):
        from board_modules import BoardModules

        self.modules = BoardModules({})
        self.names = {"__name__": "__main__", "__builtins__": self.modules.builtins}

    def run(self, code):
        exec(code, self.names)

    def value(self, code):
        return eval(code, self.names)


@pytest.fixture
def board(tmp_path, monkeypatch):
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with fresh_modules(VIRTUAL, VIRTUAL / "modules"):
        yield Board()


@pytest.fixture
def names(board):
    from circuitpython_names import NAMES

    return NAMES


def stub_names(module):
    """Return the names of a module's stub, with its submodules."""
    folder = Path(sysconfig.get_path("purelib"), f"{module}-stubs")
    if not folder.exists():
        return None
    found = {path.name for path in folder.iterdir() if path.is_dir()}
    found |= {path.stem for path in folder.glob("*.pyi")} - {"__init__"}
    text = (folder / "__init__.pyi").read_text(encoding="utf-8")
    # Only Python 3.12 and later can parse parameters of types.
    for node in ast.parse(re.sub(r"(def \w+)\[\w+\]", r"\1", text)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets}
    return found


def test_names_are_those_of_circuitpython_stubs(names):
    stubs = {module: stub_names(module) for module in names}
    compared = {module: found for module, found in stubs.items() if found is not None}
    assert len(compared) >= 15
    assert {"hashlib", "traceback", "micropython", "microcontroller", "storage"} <= compared.keys()
    extra = {
        module: names[module] - found - WITHOUT_STUB.get(module, set())
        for module, found in compared.items()
    }
    assert {module: found for module, found in extra.items() if found} == {}


def test_modules_show_names_of_circuitpython_alone(board, names):
    for module in sorted(names):
        board.run(f"import {module}")
        shown = {name for name in board.value(f"dir({module})") if not name.startswith("__")}
        if module == "board":
            assert {"A0", "SCL", "SDA"} <= shown
            shown -= {
                name for name in shown if type(board.value(f"board.{name}")).__name__ == "Pin"
            }
        assert shown <= names[module], module
        assert shown, module


@pytest.mark.parametrize(
    "use",
    [
        "hashlib.sha256",
        "binascii.crc_hqx",
        "gc.threshold",
        "gc.freeze",
        "time.ticks_us",
        "time.sleep_ms",
        "time.perf_counter",
        "os.ilistdir",
        "os.path",
        "os.replace",
        "os.environ",
        "sys.print_exception",
        "sys.stdin.buffer",
        "sys.stdout.buffer",
        "sys.exc_info",
        "os.stat('/').st_size",
        "struct.error",
        "struct.Struct",
        "json.JSONDecodeError",
        "math.inf",
        "random.shuffle",
        "re.findall",
        "traceback.format_exc",
        "collections.Counter",
        "array.array('h').tobytes",
        "array.array('h').frombytes",
        "hashlib.new('sha256').hexdigest",
        "micropython.viper",
        "board.pins_in_use",
        "busio.sys",
        "microcontroller.os",
    ],
)
def test_attribute_that_boards_lack_is_refused(board, use):
    board.run(f"import {use.partition('.')[0]}")
    with pytest.raises(AttributeError):
        board.value(use)


@pytest.mark.parametrize(
    "name",
    [
        *("machine", "rp2", "uctypes", "vfs", "numpy", "typing", "threading", "os.path", "logging"),
        *("subprocess", "spikelet", "wiring", "drive", "circuit_os", "ctypes", "pathlib", "repl"),
    ],
)
def test_module_that_boards_lack_is_refused(board, name):
    with pytest.raises(ImportError, match=f"^no module named '{name}'$") as error:
        board.run(f"import {name}")
    assert type(error.value) is ImportError


@pytest.mark.parametrize(
    "code",
    [
        "from os import path",
        "from hashlib import sha256",
        "from time import ticks_us",
        "from gc import get_objects",
    ],
)
def test_name_that_boards_lack_is_not_imported(board, code):
    with pytest.raises(ImportError, match="cannot import name"):
        board.run(code)


@pytest.mark.parametrize("name", ["FileNotFoundError", "vars", "breakpoint", "format", "ascii"])
def test_builtin_that_boards_lack_is_refused(board, name):
    with pytest.raises(NameError, match=name):
        board.value(name)
    with pytest.raises(NameError, match=name):
        board.value(f"eval('{name}')")


def test_files_of_board_are_imported(board):
    Path("lib/driver").mkdir(parents=True)
    Path("lib/driver/__init__.py").write_text("from . import parts\nfrom .parts import one\n")
    Path("lib/driver/parts.py").write_text("from .deep.end import one\n")
    Path("lib/driver/deep").mkdir()
    Path("lib/driver/deep/end.py").write_text("from ..shared import one\n")
    Path("lib/driver/shared.py").write_text("one = 1\n")
    Path("app.py").write_text("import driver.shared as s, sys\nfound = s.one, __name__\n")
    Path("broken.py").write_text("import os\nos.path\n")
    board.run("import app, sys\nfrom driver import one, shared")
    assert board.value("app.found, one, shared.one, __import__('driver.shared').one") == (
        *((1, "app"), 1, 1),
        1,
    )
    assert board.value("sys.modules['app'] is app and 'driver.deep.end' in sys.modules")
    assert "numpy" not in board.value("list(sys.modules)")
    with pytest.raises(AttributeError, match="path"):
        board.run("import broken")
    assert "broken" not in board.modules.loaded
    board.run("sys.path[:] = []")
    with pytest.raises(ImportError, match="no module named 'later'"):
        board.run("import later")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("array.array('h', [40000])", OverflowError),
        ("array.array('b', [1]).append(200)", OverflowError),
        ("bytearray(1).__setitem__(0, 256)", ValueError),
        ("struct.pack('<h', 40000)", OverflowError),
        ("struct.pack('<B', -1)", OverflowError),
        ("struct.pack_into('<i', bytearray(4), 0, 1 << 31)", OverflowError),
        ("struct.pack_into('<i', bytearray(3), 0, 1)", RuntimeError),
        ("struct.unpack('<i', b'123')", RuntimeError),
        ("struct.unpack_from('<i', b'1234', 1)", RuntimeError),
        ("struct.pack('<h', 'x')", TypeError),
        ("hashlib.new('md5')", ValueError),
        ("usb_cdc.Serial()", TypeError),
        ("microcontroller.nvm.__setitem__(0, 256)", ValueError),
        ("microcontroller.nvm.__setitem__(slice(0, 2), b'123')", ValueError),
        ("microcontroller.nvm[4096]", IndexError),
    ],
)
def test_value_that_boards_refuse_is_refused(board, code, error):
    board.run("import array, hashlib, microcontroller, struct, usb_cdc")
    with pytest.raises(error):
        board.value(code)


def test_drive_has_errors_of_fat(board):
    board.run("import os")
    board.run("os.mkdir('full')\nopen('full/file', 'w').close()\nopen('other', 'w').close()")

    def number(code):
        with pytest.raises(OSError, match=".") as error:
            board.run(code)
        return error.value.errno

    assert number("os.mkdir('full')") == 17
    assert number("os.mkdir('missing/new')") == 2
    assert number("os.rmdir('full')") == 13
    assert number("os.rmdir('other')") == 20
    assert number("os.remove('full')") == 21
    assert number("os.remove('missing')") == 2
    assert number("os.rename('missing', 'other')") == 2
    assert number("os.rename('other', 'full')") == 21
    assert number("os.listdir('missing')") == 2
    assert number("os.listdir('other')") == 2
    assert number("os.stat('missing')") == 2
    assert number("open('missing')") == 2
    assert number("open('full')") == 2
    assert number("open('full', 'wb')") == 13
    assert number("open('a:b', 'w')") == 22
    board.run("os.rename('other', 'full/file')")
    assert board.value("os.listdir('/'), os.listdir('full')") == (["full"], ["file"])


def test_no_path_leads_out_of_the_drive(board, tmp_path):
    (tmp_path / "secret").write_text("outside")
    board.run("import os\nopen('/log.txt', 'w').close()\nopen('../../up.txt', 'w').close()")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["log.txt", "up.txt"]
    assert board.value("os.listdir('/..')") == ["log.txt", "up.txt"]
    with pytest.raises(OSError, match="secret"):
        board.value(f"open({str(tmp_path / 'secret')!r})")
    board.run("os.mkdir('a')\nos.chdir('a')\nopen('b', 'w').close()")
    assert board.value("os.getcwd(), os.listdir(), os.listdir('..')") == (
        "/a",
        ["b"],
        ["a", "log.txt", "up.txt"],
    )


def test_stat_is_a_plain_tuple(board):
    Path("file").write_bytes(b"12345")
    Path("folder").mkdir()
    board.run("import os")
    found = board.value("os.stat('file')")
    assert (type(found), len(found), found[0], found[6]) == (tuple, 10, 0x8000, 5)
    assert board.value("os.stat('folder')[0]") == 0x4000
    assert board.value("type(os.statvfs('/')) is tuple and len(os.statvfs('/'))") == 10


def test_read_only_drive_refuses_all_changes(board):
    Path("file").write_text("text")
    Path("folder").mkdir()
    board.run("import os, storage\nstorage.remount('/', True)")
    assert board.value("storage.getmount('/').readonly, open('file').read()") == (True, "text")
    changes = ("open('new', 'w')", "open('file', 'a')", "open('file', 'r+')", "os.remove('file')")
    changes += ("os.mkdir('new')", "os.rmdir('folder')", "os.rename('file', 'new')")
    for change in changes:
        with pytest.raises(OSError, match="Errno 30"):
            board.run(change)
    board.run("storage.remount('/', False)\nos.remove('file')")
    assert board.value("os.listdir()") == ["folder"]


def test_text_files_keep_line_ends(board):
    board.run("with open('file', 'w') as file: file.write('a\\r\\nb\\n')")
    assert Path("file").read_bytes() == b"a\r\nb\n"
    assert board.value("open('file').readlines()") == ["a\r\n", "b\n"]


def test_nvm_and_reset_reason_survive_a_reset(board, tmp_path):
    from kept import Kept

    Kept.power_up(tmp_path)
    board.run("import microcontroller as m\nreason = m.cpu.reset_reason")
    assert board.value("reason is m.ResetReason.POWER_ON and len(m.nvm)") == 4096
    assert board.value("m.nvm[0], m.nvm[-1]") == (255, 255)
    board.run("m.nvm[0:2] = bytes((7, 8))\nm.nvm[4095] = 9")
    Kept.reset("SOFTWARE")
    with fresh_modules(VIRTUAL, VIRTUAL / "modules"):
        from kept import Kept as restarted

        assert restarted is not Kept
        restarted.power_up(tmp_path)
        again = Board()
        again.run("import microcontroller as m")
        assert again.value("m.nvm[0:2], m.nvm[4095]") == (bytearray((7, 8)), 9)
        assert again.value("m.cpu.reset_reason == m.ResetReason.SOFTWARE")
        restarted.power_up(tmp_path)
    assert not (tmp_path / "reset_reason.txt").exists()


def test_watchdog_is_a_reset_reason(board):
    from kept import Kept

    board.run("from microcontroller import cpu, ResetReason")
    Kept.reason = "WATCHDOG"
    assert board.value("cpu.reset_reason == ResetReason.WATCHDOG != ResetReason.POWER_ON")
    assert board.value("repr(cpu.reset_reason)") == "microcontroller.ResetReason.WATCHDOG"


def test_exception_is_printed_to_console(board, capsys):
    board.run("import traceback\ntry: 1 / 0\nexcept Exception as e: traceback.print_exception(e)")
    out, err = capsys.readouterr()
    assert out.startswith("Traceback")
    assert out.endswith("ZeroDivisionError: division by zero\n")
    assert err == ""


def test_code_that_boards_run_runs(board):
    board.run("import hashlib, struct, time, supervisor, random, json, io\nfrom array import array")
    assert board.value("hashlib.new('sha256', b'x').digest()[:2]") == b"\x2dq"
    assert board.value("struct.unpack('<h', struct.pack('<h', -2))[0] + array('h', [5])[0]") == 3
    assert board.value("list(memoryview(array('h', [5, 6]))[1:])") == [6]
    assert board.value("json.loads('[1]') + [time.monotonic() > 0]") == [1, True]
    assert board.value("0 <= supervisor.ticks_ms() < 1 << 29")
    board.run("supervisor.status_bar.console = False\nscope = {}\nexec('import os\\nn = 1', scope)")
    assert board.value("supervisor.status_bar.console, scope['n']") == (False, 1)
