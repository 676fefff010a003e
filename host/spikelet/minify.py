"""A module's source without what only people read, each statement on the line where it stood.

Where no mpy-cross makes an interpreter's bytecode, its board keeps sources in a flash that may be small.
Comments and docstrings go, and indentation is a space a level; a traceback still names the right line
of the module in firmware/.
"""

from __future__ import annotations

import ast
import functools
import io
import itertools
import tokenize
from collections.abc import Iterable, Iterator

# Tokens that are nothing of a statement.
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
Place = tuple[int, int]  # (line, column), counted from 1 and from 0


@functools.cache
def minified(source: str) -> str:
    """Return the source of a module that does the same in fewer bytes."""
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
    kept = (line if row in strings else line.rstrip() for row, line in enumerate(lines, 1))
    return "".join(f"{line}\n" for line in kept).rstrip("\n") + "\n"


@functools.cache
def compact(source: str) -> str:
    """Return the bare source without empty lines, declarations and spaces that separate nothing.

    For code that a REPL runs: each character takes time there, and no traceback names its lines.
    A declaration, `name: type` on a line of its own, names a value that the host assigns in front.
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
    """Return {name: source} of a module's functions; the rest of the module has the name ""."""
    lines = source.splitlines(keepends=True)
    found = {"": ""}
    for node in ast.parse(source).body:
        name, first = "", node.lineno
        if isinstance(node, ast.FunctionDef):
            name = node.name
            first = min([first, *(decorator.lineno for decorator in node.decorator_list)])
        found[name] = found.get(name, "") + "".join(lines[first - 1 : node.end_lineno])
    return found


def _pairs_outside_strings(
    tokens: list[tokenize.TokenInfo],
) -> Iterator[tuple[tokenize.TokenInfo, tokenize.TokenInfo]]:
    """Yield each token with the next one, except within an f-string, where spaces can count.

    From Python 3.12 on an f-string is several tokens.
    """
    depth = 0
    for before, after in itertools.pairwise(tokens):
        depth += (before.type in STRING_STARTS) - (before.type in STRING_ENDS)
        if not depth:
            yield before, after


def _are_apart(before: tokenize.TokenInfo, after: tokenize.TokenInfo) -> bool:
    """Return whether two tokens on a line need the space between them, if there is any."""
    if {before.type, after.type} & INDENTATION:
        return True
    return before.type in WORDS | STRING_ENDS and after.type in WORDS | STRING_STARTS


def _docstrings(tree: ast.Module) -> Iterator[tuple[Place, str]]:
    """Yield where each docstring begins, and what takes its place."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str())) as first, *others]:
                needed = not others and not isinstance(node, ast.Module)
                yield (first.lineno, first.col_offset), "pass" if needed else ""


def _indents(tokens: list[tokenize.TokenInfo]) -> dict[int, int]:
    """Return {line: spaces before it} of each line that begins with a token.

    What goes on within brackets needs none.
    """
    indents: dict[int, int] = {}
    depth, begins = 0, True
    for token in tokens:
        depth += (token.type == tokenize.INDENT) - (token.type == tokenize.DEDENT)
        if token.type not in LAYOUT:
            indents.setdefault(token.start[0], depth if begins else 0)
            for row in range(token.start[0] + 1, token.end[0] + 1):
                indents.setdefault(row, -1)  # within a string
            begins = False
        begins = begins or token.type == tokenize.NEWLINE
    return {row: indent for row, indent in indents.items() if indent >= 0}


def _rows_in_strings(tokens: Iterable[tokenize.TokenInfo]) -> set[int]:
    """Return the lines that end within a string, where spaces count."""
    return {row for token in tokens for row in range(token.start[0], token.end[0])}


def _cut(lines: list[str], token: tokenize.TokenInfo, text: str) -> None:
    """Replace a token, and leave the lines that it was on."""
    (first, begin), (last, end) = token.start, token.end
    behind = lines[last - 1][end:]
    lines[first - 1] = lines[first - 1][:begin] + text + (behind if first == last else "")
    for row in range(first + 1, last):
        lines[row - 1] = ""
    if first < last:
        lines[last - 1] = behind
