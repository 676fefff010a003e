"""Replace CircuitPython's `io`: streams in memory, and files of the board's drive."""

from io import BytesIO, StringIO

from drive import open_file as open

__all__ = ["BytesIO", "StringIO", "open"]
