"""Write the names of MicroPython's modules that the firmware uses, by port.

    pip install --target rp2 micropython-rp2-stubs     # each port in a folder of its own
    python tools/list_micropython_names.py rp2 esp32 stm32

A test compares the firmware with the list. The stubs cannot be a dependency: those of several ports have
the same files, and they describe modules such as `requests` beside the installed ones.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

TARGET = Path(__file__).parents[1] / "tests/unit/firmware/micropython_names.json"
MODULES = (
    *("array", "binascii", "errno", "gc", "json", "machine", "machine.I2S", "machine.Pin"),
    *("micropython", "os", "rp2", "select", "struct", "sys", "time", "uctypes", "vfs"),
)

PACKAGE = re.compile(r"micropython[-_](?!stdlib)\w+[-_]stubs")


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, with those in `if`, which stubs use for versions."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from statements([*node.body, *node.orelse])


def names(body: list[ast.stmt]) -> list[str]:
    """Return the public names that the body of a stub or of a class defines."""
    found: set[str] = set()
    for node in statements(body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return sorted(name for name in found if not name.startswith("_"))


def body_of(folder: Path, module: str) -> list[ast.stmt]:
    """Return the statements of a stub, or of a class in it; [] if the port lacks the module."""
    module, _, wanted = module.partition(".")
    for place in (folder, folder / "stdlib"):
        for stub in (place / f"{module}.pyi", place / module / "__init__.pyi"):
            if stub.exists():
                body = ast.parse(stub.read_text(encoding="utf-8")).body
                if not wanted:
                    return body
                classes = (node for node in body if isinstance(node, ast.ClassDef))
                return next(node.body for node in classes if node.name == wanted)
    return []


def main(folders: list[Path]) -> None:
    """Write the list of all ports."""
    ports = {}
    for folder in folders:
        [found] = (d for d in distributions(path=[str(folder)]) if PACKAGE.search(d.name))
        listed = {module: names(body_of(folder, module)) for module in MODULES}
        ports[f"{found.name} {found.version}"] = {
            module: " ".join(found_names) for module, found_names in listed.items() if found_names
        }
    TARGET.write_text(json.dumps(ports, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
