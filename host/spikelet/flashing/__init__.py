"""The files that a board gets: their places, their order, their transfer."""
