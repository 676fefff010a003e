"""NIR graphs: reader, writer, import from other frameworks."""
