"""A session with a running board: frames, turns, verification."""
