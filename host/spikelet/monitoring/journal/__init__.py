"""The journal of a watch: writer, reader, exports."""
