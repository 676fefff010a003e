"""The account of an import: what became of each node of a NIR graph."""

from dataclasses import dataclass

EXACT, APPROXIMATED, ASSUMED = "exact", "approximated", "assumed"

Texts = list[tuple[str, str]]
"""Grades and sentences: what became of a node."""


@dataclass(frozen=True)
class NodeReport:
    """One thing that became of a node, or of the whole graph.

    node   its name; "" for the graph
    kind   its type in NIR
    grade  "exact": nothing is lost but float64's rounding; "approximated": something is, the text
           says what; "assumed": the file does not say
    text   what became of it
    """

    node: str
    kind: str
    grade: str
    text: str
