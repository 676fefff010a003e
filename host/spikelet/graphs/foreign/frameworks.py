"""Time step, reset and other habits of the frameworks that write NIR graphs.

NIR has no field for the time step and none for the reset rule. Exporters also fill the existing fields
differently. docs/reference/frameworks.md has the evidence for each habit, by file and version.
"""

from dataclasses import dataclass, replace

from spikelet.errors import UsageError


@dataclass(frozen=True)
class Framework:
    """The habits of one exporter; the defaults are those of NIR's own equations.

    Attributes
    ----------
    title : str
        Its name as people write it.
    dt : float or None
        Seconds per step, if the user gives none; None: the user must give it.
    only_dt : bool
        Its time constants are right for this dt and no other.
    reset : str or None
        "subtract" or "set", if the user gives none; None: the user must give it.
    time_factor : float
        Factor that converts its time constants to seconds.
    steps_by_euler : bool
        Its own simulator uses beta = 1 - dt / tau, as Spikelet does.
    unscaled_drive : bool
        Its r is tau / dt, so drive arrives unscaled; its simulator keeps beta in 0..1.
    counts_steps : bool
        Its integrators add r times the drive in each step, regardless of dt.
    starts_at_rest : bool
        Membranes start at v_leak, those of IF at v_reset, instead of 0.
    resets_late : bool
        A spike of one step resets the membrane in the next.
    late_set_loses_drive : bool
        The late reset holds neurons with a synaptic current, and recurrent ones, at 0 for the
        whole of the next step.
    current_jumps : bool
        A spike adds w_in to a synaptic current at once, regardless of dt / tau_syn.
    delays_recurrence : bool
        Its recurrent neurons receive their own spikes in the next step, as Spikelet's do.
    too_fast : str
        Advice if dt / tau is above 1.
    too_slow : str
        Advice if tau is a second or more; empty if such a tau is plausible.
    """

    title: str
    dt: float | None = None
    only_dt: bool = False
    reset: str | None = None
    time_factor: float = 1
    steps_by_euler: bool = False
    unscaled_drive: bool = False
    counts_steps: bool = False
    starts_at_rest: bool = False
    resets_late: bool = False
    late_set_loses_drive: bool = False
    current_jumps: bool = False
    delays_recurrence: bool = False
    too_fast: str = "give a smaller --dt"
    too_slow: str = ""


PLAIN_NIR = Framework("NIR")
NORSE = Framework(
    "Norse",
    dt=1e-3,
    reset="set",
    steps_by_euler=True,
    counts_steps=True,
    starts_at_rest=True,
    current_jumps=True,
    delays_recurrence=True,
)
FRAMEWORKS = {
    "snntorch": Framework(
        "snnTorch",
        dt=1e-4,
        only_dt=True,
        reset="subtract",
        steps_by_euler=True,
        unscaled_drive=True,
        resets_late=True,
        late_set_loses_drive=True,
        delays_recurrence=True,
    ),
    "norse": replace(
        NORSE,
        title="Norse 1.1.0",
        time_factor=1e3,
        too_slow="Norse after 1.1.0 writes tau as it is: try --from norse-main",
    ),
    "norse-main": replace(
        NORSE,
        too_fast="Norse 1.1.0 wrote tau a thousand times too small: try --from norse",
    ),
}
"""By the name that `spikelet import --from` takes."""


def framework_named(name: str | None) -> Framework:
    """Return the framework of that name, or plain NIR for None.

    Raises
    ------
    SpikeletError
        If the name is unknown.
    """
    if name is None:
        return PLAIN_NIR
    if name not in FRAMEWORKS:
        raise UsageError(f"framework is {name!r}; it must be one of {', '.join(FRAMEWORKS)}")
    return FRAMEWORKS[name]
