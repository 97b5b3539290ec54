"""What the path of an infinitely slow variable is called, and why, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dynana.analysis.fast_slow_path import Overshot
from dynana.definition.system import System
from dynana.results.fast_slow import SlowPhase, TonicSpiking
from dynana.results.tables import number

#: Fast states should be faster than the slow variable by at least this factor.
SLOW_ENOUGH = 5.0
#: An orbit that moves the slow variable less than this part of its path does something else.
PART_OF_PATH = 0.5
#: The end of rest and the end of spiking, as Izhikevich (2000) writes them in the names of bursters.
ENDS = {
    "fold": "fold", "snic": "circle", "hopf": "Hopf", "homoclinic": "homoclinic", "fold of cycles": "fold cycle",
    "torus": "torus", "period doubling": "flip",
}  # fmt: skip
#: Rinzel's names of bursters (1987).
RINZEL = {
    "fold/homoclinic": "square-wave", "Hopf/fold cycle": "elliptic", "subHopf/fold cycle": "elliptic",
    "circle/circle": "parabolic",
}  # fmt: skip


def speed_warning(system: System, slow: Sequence[str], speeds: Mapping[str, float]) -> str:
    """Return a warning that slow variables are not slow, with the numbers; empty if they are."""
    name = min(speeds, key=speeds.__getitem__)
    if speeds[name] >= SLOW_ENOUGH:
        return ""
    listed = ", ".join(f"{n} {number(v, 3)} times" for n, v in speeds.items())
    advice = "Read the picture with care."
    if speeds[name] < 1.0:
        advice = f"Take {name!r} for a slow variable, or read the picture with care."
    what, verb = " and ".join(slow), "is" if len(slow) == 1 else "are"
    as_fast = what if len(slow) == 1 else "the faster of them"
    return (
        f"{system.name}: {what} {verb} not slow: on the orbit, {listed} as fast as {as_fast}, less than the "
        f"{SLOW_ENOUGH:g} times that tell slow from fast. {advice}"
    )


def one_at_a_time(slow: str, phases: Sequence[SlowPhase], overshot: Overshot) -> tuple[str, str]:
    """Return the kind of activity, and the reason, where each cycle of the fast subsystem is followed by rest."""
    resting = [p for p in phases if p.kind == "rest" and p.ending in ENDS]
    onset = f"{ENDS[resting[-1].ending]}/" if resting else ""
    way = "rises" if overshot.end > overshot.tonic.value else "falls"
    reason = (
        f"in each cycle of the fast subsystem {slow} {way} by {number(overshot.tonic.ripple, 3)}, past the end of "
        f"the cycles at {number(overshot.end)} ({overshot.ending})"
    )
    if resting:
        reason += (
            f"; it comes back along the equilibria of branch {resting[-1].branch}, which end at "
            f"{number(resting[-1].end)} ({resting[-1].ending}), and the next cycle begins"
        )
    return f"{onset}{ENDS[overshot.ending]} bursting, each burst one cycle of the fast subsystem", reason


def classified(slow: str, phases: Sequence[SlowPhase], loop: int, problem: str, subcritical: bool) -> tuple[str, str]:
    """Return the kind of activity and the reason for it.

    Parameters
    ----------
    slow : str
    phases : sequence of SlowPhase
    loop : int
        The phase to which the path returns, -1 if it ends.
    problem : str
        Why it was given up.
    subcritical : bool
        Whether the Hopf points at which phases of rest end are subcritical.
    """
    if problem or not phases:
        told = _told(slow, phases)
        return "undecided", f"{told}{'; ' if told else ''}{problem or 'no attractor was recognised'}"
    if loop < 0:
        last = phases[-1]
        before = f"{_told(slow, phases[:-1])}; " if len(phases) > 1 else ""
        if last.kind == "rest":
            return "rest", f"{before}at {slow} = {number(last.end)} the slow nullcline meets a stable equilibrium"
        return (
            "tonic spiking",
            f"{before}at {slow} = {number(last.end)} the drift averaged over the stable cycle vanishes",
        )
    again = phases[loop:]
    told = _told(slow, again)
    kinds = {phase.kind for phase in again}
    if kinds == {"rest"}:
        return f"{'/'.join(_word(p, subcritical) for p in again)} relaxation oscillation", told
    if kinds == {"spiking"}:
        return f"{'/'.join(_word(p, subcritical) for p in again)} oscillation between cycles", told
    # rest that goes over into other rest, or cycles into doubled ones, has not ended
    final = [p for p, following in zip(again, [*again[1:], again[0]], strict=True) if p.kind != following.kind]
    ends = [[_word(p, subcritical) for p in final if p.kind == kind] for kind in ("rest", "spiking")]
    name = "/".join(word for words in ends for word in words)
    rinzel = RINZEL.get(name)
    return f"{name} bursting" + (f" ({rinzel})" if rinzel else ""), told


def _word(phase: SlowPhase, subcritical: bool) -> str:
    """What ends a phase, as it is written in the names of bursters."""
    word = ENDS.get(phase.ending, phase.ending)
    return "subHopf" if word == "Hopf" and phase.kind == "rest" and subcritical else word


def _told(slow: str, phases: Sequence[SlowPhase]) -> str:
    """The phases in one sentence."""
    parts = []
    for phase in phases:
        what, mean = ("equilibria", "") if phase.kind == "rest" else ("cycles", " on average")
        move = "rises" if phase.end > phase.begin else "falls"
        parts.append(
            f"along the {what} of branch {phase.branch} {slow} {move}{mean} from {number(phase.begin)} to "
            f"{number(phase.end)}, where they end ({phase.ending})"
        )
    return "; ".join(parts)


def passed_warnings(slow: str, passed: Sequence[TonicSpiking]) -> list[str]:
    """Return warnings of zeros of the averaged drift that are too near to the end of the cycles to count."""
    return [
        f"the averaged drift vanishes at {slow} = {number(t.value)}, where a much slower {slow} would settle and "
        f"spiking be tonic; but it moves by {number(t.ripple, 3)} in each cycle, past the end of the cycles"
        for t in {t.value: t for t in passed}.values()
    ]


def orbit_warnings(slow: str, phases: Sequence[SlowPhase], loop: int, low: float, high: float) -> list[str]:
    """Return a warning where the orbit goes only a part of the way that the path goes round and round."""
    if loop < 0:
        return []
    ends = [v for phase in phases[loop:] for v in (phase.begin, phase.end)]
    if high - low >= PART_OF_PATH * (max(ends) - min(ends)):
        return []
    return [
        f"the orbit keeps to {slow} from {number(low)} to {number(high)}, a part of the path from "
        f"{number(min(ends))} to {number(max(ends))}: {slow} is not slow enough there"
    ]
