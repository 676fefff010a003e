"""Keeps a watch in a journal: writer, reader, exports."""
