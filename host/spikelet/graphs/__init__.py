"""Read, write and import NIR graphs."""
