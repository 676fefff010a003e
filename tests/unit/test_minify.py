"""Minified sources: the same statements on the same lines, without comments and docstrings."""

import ast
import io
import tokenize

import pytest

from spikelet import installation, minify
from spikelet.flashing.runtime.modules import is_module

SOURCES = {
    path: data.decode() for path, data in installation.runtime_files().items() if is_module(path)
}
# Spaces at the end of a line in a string.
SPACES = "  "
MODULE = f'''"""What it is."""  # and why

TEXT = """kept{SPACES}
    as it is  # no comment
"""


class Empty(ValueError):
    """Nothing but this."""


def add(one,
        two):  # of two
    """Return the sum,

    of both.
    """
    if one:
        # neither is one
        return (one +
                two)  # here
    return "# is no comment"


def nothing(): "Do nothing."
'''
BARE = f"""

TEXT = \"\"\"kept{SPACES}
    as it is  # no comment
\"\"\"


class Empty(ValueError):
 pass


def add(one,
two):




 if one:

  return (one +
two)
 return "# is no comment"


def nothing(): pass
"""


def meaning(source: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the syntax tree of a source without docstrings, and the line of each node."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            rest = [] if isinstance(node, ast.Module) else [ast.Pass(lineno=node.body[0].lineno)]
            node.body = node.body[1:] or rest
    nodes = [(type(node).__name__, getattr(node, "lineno", 0)) for node in ast.walk(tree)]
    return ast.dump(tree), nodes


def test_minified_removes_docstrings_and_comments():
    assert minify.minified(MODULE) == BARE


@pytest.mark.parametrize("path", SOURCES)
def test_minified_keeps_meaning_and_line_numbers(path):
    source = SOURCES[path]
    bare = minify.minified(source)
    assert meaning(bare) == meaning(source)
    assert len(bare) < len(source)
    kinds = [token.type for token in tokenize.generate_tokens(io.StringIO(bare).readline)]
    assert tokenize.COMMENT not in kinds
    assert not any(
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        for node in ast.walk(ast.parse(bare))
    )


def test_minified_twice_is_the_same():
    for source in SOURCES.values():
        bare = minify.minified(source)
        assert minify.minified(bare) == bare


def test_minified_traceback_has_the_original_line():
    code = compile(minify.minified(MODULE), "module.py", "exec")
    scope: dict = {}
    exec(code, scope)
    with pytest.raises(TypeError) as error:
        scope["add"](1, "2")
    assert MODULE.splitlines()[error.traceback[-1].lineno].strip().startswith("return (one +")


COMPACT = f"""TEXT=\"\"\"kept{SPACES}
    as it is  # no comment
\"\"\"
class Empty(ValueError):
 pass
def add(one,
two):
 if one:
  return(one+
two)
 return "# is no comment"
def nothing():pass
"""


def test_compact_keeps_only_needed_spaces():
    assert minify.compact(MODULE) == COMPACT
    source = "size: int\nx = [a for a in (1, 2) if a is not 'b c' or a]  # why\nx [ 0 ] += - 1\n"
    assert minify.compact(source) == "x=[a for a in(1,2)if a is not 'b c' or a]\nx[0]+=-1\n"
    source = 'def f(a):\n    return f"{a = } {{b}}" + "c" or f"d" if a else 1\n'
    assert minify.compact(source) == (
        'def f(a):\n return f"{a = } {{b}}"+"c" or f"d" if a else 1\n'
    )


@pytest.mark.parametrize("path", SOURCES)
def test_compact_keeps_meaning_of_every_module(path):
    compact = minify.compact(SOURCES[path])
    assert ast.dump(ast.parse(compact)) == meaning(SOURCES[path])[0]
    assert minify.compact(compact) == compact


def test_functions_include_their_decorators():
    source = "import a\n\n@a.b\n@a.c(\n    1)\ndef f():\n    return 1\n\nx = 2\n\ndef g(): pass\n"
    assert minify.functions(source) == {
        "": "import a\nx = 2\n",
        "f": "@a.b\n@a.c(\n    1)\ndef f():\n    return 1\n",
        "g": "def g(): pass\n",
    }
