"""Names mean one thing, and each package has one subject; `make check` holds the imports."""

import ast
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST, FIRMWARE = ROOT / "host/spikelet", ROOT / "firmware/spikert"
PACKAGES = sorted(
    path.parent for path in HOST.rglob("*/__init__.py") if "modules" not in path.parts
)
# Substitutes for the modules of a board have the names of the originals.
SOURCES = sorted(path for path in HOST.rglob("*.py") if "modules" not in path.parts)


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    """Return the dotted names that a module imports, type-only imports included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def parts_below():
    """Return {part: parts that it imports} of packages and single modules in host/spikelet."""
    below = defaultdict(set)
    for path in SOURCES:
        part = path.relative_to(HOST).parts[0].removesuffix(".py")
        for name in imported(path):
            root, _, rest = name.partition(".")
            if root == "spikelet" and rest.split(".")[0] != part:
                below[part].add(rest.split(".")[0])
    # The package itself and __main__ only forward.
    for forwarding in ("__init__", "__main__"):
        below.pop(forwarding, None)
    return below


def depth(part, below):
    return 1 + max((depth(lower, below) for lower in below.get(part, ())), default=0)


def test_chain_of_package_imports_is_at_most_9():
    below = parts_below()
    assert {"api", "networks", "errors"} <= below.keys() | set().union(*below.values())
    assert max(depth(part, below) for part in below) <= 9


def test_at_most_15_files_beside_the_packages():
    assert 0 < len([path for path in HOST.iterdir() if path.is_file()]) <= 15


def test_class_names_are_unique():
    files = defaultdict(list)
    for path in SOURCES:
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                files[node.name].append(path.name)
    assert {name: paths for name, paths in files.items() if len(paths) > 1} == {}


def test_no_function_is_called_of():
    names = [
        path.name
        for path in SOURCES
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name == "of"
    ]
    assert names == []


@pytest.mark.parametrize("folder", [HOST, FIRMWARE])
def test_no_module_repeats_its_package(folder):
    assert [p for p in folder.rglob("*.py") if p.stem.startswith(p.parent.name + "_")] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_each_package_has_a_one_line_docstring(package):
    lines = (ast.get_docstring(tree(package / "__init__.py")) or "").splitlines()
    assert lines
    assert len(lines[0]) <= 80
    # The command is a folder of verbs, and has no subject of the field.
    if package.name != "cli":
        assert len(lines) == 1
        assert " and " not in lines[0]


def test_only_two_init_files_have_code():
    allowed = {HOST / "__init__.py", HOST / "cli/__init__.py"}
    with_code = {
        path for path in SOURCES if path.name == "__init__.py" and len(tree(path).body) > 1
    }
    assert with_code <= allowed


def test_each_basename_of_a_test_file_occurs_once():
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
