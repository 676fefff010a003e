"""Minifies Python sources, and keeps each statement on its line.

Boards whose interpreter has no mpy-cross store sources, and their flash may be small. So comments and
docstrings are removed, and each level is indented by one space. Tracebacks still name the right line
of the module in firmware/.
"""

from __future__ import annotations

import ast
import functools
import io
import itertools
import tokenize
from collections.abc import Iterable, Iterator

# Tokens that are not part of a statement.
LAYOUT = (
    tokenize.COMMENT,
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)
INDENTATION = {tokenize.INDENT, tokenize.DEDENT}
WORDS = {tokenize.NAME, tokenize.NUMBER, tokenize.STRING}
STRING_STARTS, STRING_ENDS = (
    {number for number, name in tokenize.tok_name.items() if name in names}
    for names in (("FSTRING_START", "TSTRING_START"), ("FSTRING_END", "TSTRING_END"))
)
# (line, column), counted from 1 and from 0.
Place = tuple[int, int]


@functools.cache
def minified(source: str) -> str:
    """Return the source of a module without comments, docstrings and wide indentation."""
    lines = source.splitlines()
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    indents = _indents(tokens)
    docstrings = dict(_docstrings(ast.parse(source)))
    for token in reversed(tokens):
        if token.type == tokenize.COMMENT:
            _cut(lines, token, "")
        elif token.start in docstrings:
            _cut(lines, token, docstrings[token.start])
    for row, indent in indents.items():
        lines[row - 1] = " " * indent + lines[row - 1].lstrip()
    strings = _rows_in_strings(token for token in tokens if token.start not in docstrings)
    stripped = (line if row in strings else line.rstrip() for row, line in enumerate(lines, 1))
    return "".join(f"{line}\n" for line in stripped).rstrip("\n") + "\n"


@functools.cache
def compact(source: str) -> str:
    """Return the minified source without empty lines, declarations and unnecessary spaces.

    A REPL takes time for each character, and its tracebacks name no lines of a module. A declaration,
    `name: type` on a line of its own, is a value that the host assigns before the code.
    """
    lines = minified(source).splitlines()
    tokens = list(tokenize.generate_tokens(io.StringIO(minified(source)).readline))
    for before, after in reversed(list(_pairs_outside_strings(tokens))):
        (row, end), (next_row, begin) = before.end, after.start
        if row == next_row and not _are_apart(before, after):
            lines[row - 1] = lines[row - 1][:end] + lines[row - 1][begin:]
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.value is None:
            lines[node.lineno - 1] = ""
    strings = _rows_in_strings(tokens)
    return "".join(f"{line}\n" for row, line in enumerate(lines, 1) if line or row in strings)


def functions(source: str) -> dict[str, str]:
    """Split a module into its functions.

    Returns
    -------
    dict of str to str
        {name: source} of each function; the rest of the module has the name "".
    """
    lines = source.splitlines(keepends=True)
    sources = {"": ""}
    for node in ast.parse(source).body:
        name, first = "", node.lineno
        if isinstance(node, ast.FunctionDef):
            name = node.name
            first = min([first, *(decorator.lineno for decorator in node.decorator_list)])
        sources[name] = sources.get(name, "") + "".join(lines[first - 1 : node.end_lineno])
    return sources


def _pairs_outside_strings(
    tokens: list[tokenize.TokenInfo],
) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo]]:
    """Yield each token with the next one, except within an f-string, whose spaces are text.

    From Python 3.12 on, an f-string is several tokens.
    """
    depth = 0
    for before, after in itertools.pairwise(tokens):
        depth += (before.type in STRING_STARTS) - (before.type in STRING_ENDS)
        if not depth:
            yield before, after


def _are_apart(before: tokenize.TokenInfo, after: tokenize.TokenInfo) -> bool:
    """Return whether two tokens on a line need the space between them."""
    if {before.type, after.type} & INDENTATION:
        return True
    return before.type in WORDS | STRING_ENDS and after.type in WORDS | STRING_STARTS


def _docstrings(tree: ast.Module) -> Iterator[tuple[Place, str]]:
    """Yield (start, replacement) of each docstring; a body without other statements gets `pass`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str())) as first, *others]:
                needed = not others and not isinstance(node, ast.Module)
                yield (first.lineno, first.col_offset), "pass" if needed else ""


def _indents(tokens: list[tokenize.TokenInfo]) -> dict[int, int]:
    """Return {line: spaces before it} of each line that begins with a token.

    Continuation lines within brackets need no spaces.
    """
    indents: dict[int, int] = {}
    depth, begins = 0, True
    for token in tokens:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type not in LAYOUT:
            indents.setdefault(token.start[0], depth if begins else 0)
            for row in range(token.start[0] + 1, token.end[0] + 1):
                # The line begins within a string.
                indents.setdefault(row, -1)
            begins = False
        begins = begins or token.type == tokenize.NEWLINE
    return {row: indent for row, indent in indents.items() if indent >= 0}


def _rows_in_strings(tokens: Iterable[tokenize.TokenInfo]) -> set[int]:
    """Return the lines that end within a string; spaces at their ends are text."""
    return {row for token in tokens for row in range(token.start[0], token.end[0])}


def _cut(lines: list[str], token: tokenize.TokenInfo, text: str) -> None:
    """Replace a token, and keep the number of lines."""
    (first, begin), (last, end) = token.start, token.end
    behind = lines[last - 1][end:]
    lines[first - 1] = lines[first - 1][:begin] + text + (behind if first == last else "")
    for row in range(first + 1, last):
        lines[row - 1] = ""
    if first < last:
        lines[last - 1] = behind
