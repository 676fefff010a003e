"""Redraws a picture on a terminal at a fixed rate, in a thread of its own."""

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

# Pictures per second.
REFRESH = 10


def live_display(people: Console, picture: Callable[[], Text]) -> Live:
    """Return a display that redraws `picture` from its start to its stop, and then erases it."""
    return Live(console=people, refresh_per_second=REFRESH, transient=True, get_renderable=picture)
