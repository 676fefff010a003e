"""What other frameworks leave unsaid in the NIR graphs that they write.

NIR has no field for the time step and none for the reset rule, and exporters differ in what they put
into the fields that there are. docs/reference/frameworks.md has the evidence for each habit, by file
and version.
"""

from dataclasses import dataclass, replace

from spikelet.errors import SpikeletError


@dataclass(frozen=True)
class Framework:
    """The habits of one exporter; the defaults are those of NIR's own equations.

    title             its name as people write it
    dt                seconds per step where none is given; None: it must be given
    only_dt           its time constants are right for this dt and no other
    reset             "subtract" or "set" where none is given; None: it must be given
    time_factor       what its time constants must be multiplied by to be seconds
    steps_by_euler    its own simulator takes beta = 1 - dt / tau, as Spikelet does
    unscaled_drive    its r is tau / dt, so that drive arrives as it is; its simulator keeps beta in 0..1
    counts_steps      its integrators add r times the drive in each step, whatever dt
    starts_at_rest    membranes start at v_leak, those of IF at v_reset, instead of 0
    resets_late       a spike of one step resets the membrane in the next
    late_set_loses_drive  of neurons with a synaptic current or recurrent ones, that holds it at 0 for
                      the whole of the next step
    current_jumps     a spike adds w_in to a synaptic current at once, whatever dt / tau_syn
    delays_recurrence  its recurrent neurons get their own spikes in the next step, as Spikelet's do
    too_fast          what to try where dt / tau is above 1
    too_slow          what to try where tau is a second or more; nothing where that may well be
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
    """Return the framework of that name, or plain NIR for None; raises SpikeletError."""
    if name is None:
        return PLAIN_NIR
    if name not in FRAMEWORKS:
        raise SpikeletError(f"framework is {name!r}; it must be one of {', '.join(FRAMEWORKS)}")
    return FRAMEWORKS[name]
