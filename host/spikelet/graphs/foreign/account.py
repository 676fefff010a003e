"""The report of an import: how Spikelet read each node of a NIR graph."""

from dataclasses import dataclass

EXACT, APPROXIMATED, ASSUMED = "exact", "approximated", "assumed"

Texts = list[tuple[str, str]]
"""Grades and sentences of the report."""


@dataclass(frozen=True)
class NodeReport:
    """One entry of the report, for a node or for the whole graph.

    Attributes
    ----------
    node : str
        Its name; "" for the graph.
    kind : str
        Its type in NIR.
    grade : str
        "exact": only the rounding of float64 is lost; "approximated": the text names the loss;
        "assumed": the file does not say.
    text : str
        A sentence for the user.
    """

    node: str
    kind: str
    grade: str
    text: str
