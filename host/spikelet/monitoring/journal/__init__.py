"""The journal of a watch and its exports."""
