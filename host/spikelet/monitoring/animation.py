"""Pictures on a terminal that are drawn anew by a thread of their own, however much comes in."""

from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

REFRESH = 10  # pictures a second


def live_display(people: Console, picture: Callable[[], Text]) -> Live:
    """Return what draws `picture` on a terminal from its start until it is stopped, and wipes it out."""
    return Live(console=people, refresh_per_second=REFRESH, transient=True, get_renderable=picture)
