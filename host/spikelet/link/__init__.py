"""Run sessions with a board: frames, turns and verification."""
