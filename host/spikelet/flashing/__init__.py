"""The files a board gets, and the order in which they get there."""
