"""Links, paths and imports in the documentation exist, and each page has its place."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = {"tutorial", "how-to", "reference", "explanation"}
ON_TOP = {"index.md", "glossary.md"}
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
# The last of these is a page's or a module's name that the text leaves open, as in `boards/NAME.toml`.
OPEN = ("NAME", "...", "*")
TOPS = ("boards", "docs", "firmware", "host", "tests", "tools", ".ci")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)
CODE = re.compile(r"```.*?```", re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)

pages = pytest.mark.parametrize(
    "page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES]
)


def prose(page: Path) -> str:
    """Return a page's text without its blocks of code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub and MkDocs make them."""
    heads = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.strip().replace(" ", "-") for head in plain}


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page whose file or heading does not exist."""
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def missing_paths(page: Path) -> list[str]:
    """Return the paths of this repository that a page names in backticks and that do not exist."""
    words = (word for quoted in QUOTED.findall(prose(page)) for word in quoted.split())
    paths = (word for word in words if word.startswith(tuple(f"{top}/" for top in TOPS)))
    return [path for path in paths if not (is_open(path) or (ROOT / path).exists())]


def is_open(path: str) -> bool:
    """Return whether a path leaves a name open, and its folder exists."""
    parts = Path(path).parts
    opens = [i for i, part in enumerate(parts) if any(mark in part for mark in OPEN)]
    return bool(opens) and ROOT.joinpath(*parts[: opens[0]]).is_dir()


def is_there(module: str, name: str) -> bool:
    """Return whether a module has an attribute or a submodule of this name."""
    has = hasattr(importlib.import_module(module), name)
    return has or importlib.util.find_spec(f"{module}.{name}") is not None


@pages
def test_relative_links_exist(page):
    assert broken_links(page) == []


@pages
def test_paths_in_backticks_exist(page):
    assert missing_paths(page) == []


@pages
def test_python_examples_import_modules_that_exist(page):
    for block in PYTHON.findall(page.read_text(encoding="utf-8")):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("spikelet"):
                assert [
                    name.name for name in node.names if not is_there(node.module, name.name)
                ] == []


def test_every_page_is_in_one_of_four_folders():
    places = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    wrong = {place for place in places if place.split("/")[0] not in FOLDERS | ON_TOP}
    assert wrong == set()
    assert all(len(Path(place).parts) <= 2 for place in places)


def test_index_links_every_page():
    linked = {
        (DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(prose(DOCS / "index.md"))
    }
    assert [
        page for page in DOCS.rglob("*.md") if page.name != "index.md" and page not in linked
    ] == []


def test_readme_has_at_most_100_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](gone.md)", ["gone.md"]),
        ("[a](there.md#no-such-heading)", ["there.md#no-such-heading"]),
        ("[a](there.md#a-heading) [b](#own) [c](https://example.org/gone)\n\n# Own", []),
    ],
)
def test_broken_links_are_found(tmp_path, text, expected):
    (tmp_path / "there.md").write_text("# A heading\n")
    page = tmp_path / "page.md"
    page.write_text(text)
    assert broken_links(page) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`host/gone.py` and `tests`", ["host/gone.py"]),
        ("`python tools/gone.py FOLDER`", ["tools/gone.py"]),
        ("`boards/NAME.toml`, `gone/NAME.py`, ```host/gone.py```", []),
        ("`boards/gone/NAME.toml`", ["boards/gone/NAME.toml"]),
    ],
)
def test_missing_paths_are_found(tmp_path, text, expected):
    page = tmp_path / "page.md"
    page.write_text(text)
    assert missing_paths(page) == expected
