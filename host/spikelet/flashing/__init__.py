"""The files of a board: their places, their order, their transfer."""
