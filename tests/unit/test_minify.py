"""Sources as boards get them: the same statements on the same lines, and nothing for people."""

import ast
import io
import tokenize

import pytest

from spikelet import installation, minify
from spikelet.flashing.runtime.modules import is_module

SOURCES = {
    path: data.decode() for path, data in installation.runtime_files().items() if is_module(path)
}
SPACES = "  "  # at the end of a line in a string
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
    """Return what a source says without its docstrings, and on which line each node begins."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            rest = [] if isinstance(node, ast.Module) else [ast.Pass(lineno=node.body[0].lineno)]
            node.body = node.body[1:] or rest
    nodes = [(type(node).__name__, getattr(node, "lineno", 0)) for node in ast.walk(tree)]
    return ast.dump(tree), nodes


def test_nothing_goes_but_what_people_read():
    assert minify.bare(MODULE) == BARE


@pytest.mark.parametrize("path", SOURCES)
def test_every_module_says_the_same_on_the_same_lines(path):
    source = SOURCES[path]
    bare = minify.bare(source)
    assert meaning(bare) == meaning(source)
    assert len(bare) < len(source)
    kinds = [token.type for token in tokenize.generate_tokens(io.StringIO(bare).readline)]
    assert tokenize.COMMENT not in kinds
    assert not any(
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
        for node in ast.walk(ast.parse(bare))
    )


def test_what_is_bare_stays_as_it_is():
    for source in SOURCES.values():
        bare = minify.bare(source)
        assert minify.bare(bare) == bare


def test_a_traceback_names_the_line_in_the_firmware():
    code = compile(minify.bare(MODULE), "module.py", "exec")
    scope: dict = {}
    exec(code, scope)
    with pytest.raises(TypeError) as error:
        scope["add"](1, "2")
    assert MODULE.splitlines()[error.traceback[-1].lineno].strip().startswith("return (one +")
