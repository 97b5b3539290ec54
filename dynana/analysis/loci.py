"""`continue_locus`: curves of bifurcations in two parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dynana.analysis.forcing import ForcingPeriod
from dynana.analysis.loci_curves import traced
from dynana.analysis.loci_points import LocusTests, locate
from dynana.analysis.loci_request import CYCLE_CURVES, kind_of_curve, locus_requested
from dynana.analysis.loci_results import locus_of
from dynana.analysis.stability import require_system
from dynana.definition.system import System
from dynana.results.locus import Locus
from dynana.results.special_points import SpecialPoint

TestFunction = Callable[[Mapping[str, float]], float]


def continue_locus(
    system: System,
    start: SpecialPoint,
    parameters: tuple[str, str],
    *,
    kind: str | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    test_functions: Mapping[str, TestFunction] | None = None,
    forcing_period: ForcingPeriod | None = None,
) -> Locus:
    """Follow a bifurcation in two parameters.

    Parameters
    ----------
    system : System
        Parameters other than the two have the values of the start.
    start : SpecialPoint
        A fold, Hopf point or branch point, a special point of another curve of bifurcations, or a label on one; of
        equilibria or of cycles. Of cycles with jumps a fold, a period doubling or a torus point; where they graze a
        threshold, a kink of the map of a jump ("switching") or a nullcline after a jump; where their period becomes
        infinite ("homoclinic", "snic"). A boundary equilibrium, where an equilibrium touches a threshold or lies on a
        switch; from a label that is one, with ``kind="boundary equilibrium"``.
    parameters : (str, str)
        The parameters that vary.
    kind : str, optional
        Of the curve, where several pass through the start: "fold", "hopf" or "homoclinic" through a Bogdanov-Takens
        point, "fold" or "hopf" through a zero-Hopf point, "hopf" or "fold of cycles" through a Bautin point; also for
        labels. From a Hopf-Hopf point, the other of its two Hopf curves is followed than the one on which it was found.
    ranges : mapping of name to (low, high), optional
        Ranges of the two parameters, and of states where the curve shall end. A parameter that is not given moves ten
        times its own size at most, and not through zero if it has the same sign in the model; states are not bounded.
    max_step : float, optional
        Longest step, as a fraction of the size of the ranges. It changes how many points the curve has, and nothing
        else: special points are located as roots.
    values : mapping of state or parameter to values, optional
        Where to put labels: ``{"I": [10, 20]}``.
    test_functions : mapping of name to callable, optional
        Functions of a mapping with all states and parameters (on curves of bifurcations of cycles: with all parameters
        and the "period"), whose zeros are located; nan where they have no value, which ``origin`` says.

    forcing_period : float, str or callable, optional
        Of curves of bifurcations of cycles where time enters the equations and their period changes with a parameter
        that varies: see `continue_cycles`. Unless given, the period stays that of the start.

    Returns
    -------
    Locus
        On curves of bifurcations of equilibria, ``measures`` has "unstable", the number of eigenvalues (beside the
        critical ones) with a positive real part; on folds "a", the coefficient of the normal form; on Hopf points
        "omega" and "l1". A curve of Hopf points ends at Bogdanov-Takens points, beyond which there are neutral saddles.
        Special points of a curve of boundary equilibria are folds and Hopf points, whose curves meet it there.

    Raises
    ------
    TypeError
        If the start is no SpecialPoint.
    ValueError
        For unknown names, ranges that are empty, reversed or without the start, a parameter that does not enter the
        equations, a kind of curve that does not pass through the start.
    ConvergenceError
        If the start is not on such a curve of this system.

    Notes
    -----
    Branch points form curves in systems with a symmetry or an invariant set; elsewhere a second parameter unfolds them,
    and then the curve of folds that comes of it is followed (at a pitchfork it has a cusp); of cycles, it is refused.

    Minimally extended systems with exact derivatives, see `dynana.numerics.locus_equations`; special points are roots
    of test functions on the curve, found to rounding.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import hodgkin_huxley
    >>> rest = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200))
    >>> hopf = rest.special_points("hopf")[0]
    >>> locus = dn.continue_locus(hodgkin_huxley, hopf, ("I", "g_K"), ranges={"I": (0, 300), "g_K": (1, 100)})
    >>> sorted(round(point["g_K"], 4) for point in locus.special_points("bautin"))
    [8.7222, 53.3258]
    """
    require_system(system, "continue_locus")
    asked = kind_of_curve(start, kind)
    if forcing_period is not None and (asked == "homoclinic" or asked not in CYCLE_CURVES):
        raise ValueError(f"forcing_period= is for curves of bifurcations of cycles, not for {asked} points")
    # The drivers of cycles and connecting orbits are compiled as they are imported: only where they are needed.
    if asked == "homoclinic":
        from dynana.analysis.homoclinic_curves import continue_homoclinic

        if test_functions:
            raise ValueError("test_functions= is not offered on curves of homoclinic orbits; values= puts labels there")
        return continue_homoclinic(system, start, parameters, ranges=ranges, max_step=max_step, values=values)
    if asked in CYCLE_CURVES:
        from dynana.analysis.cycle_loci import continue_cycle_locus

        return continue_cycle_locus(
            system, start, parameters, kind=asked, ranges=ranges, max_step=max_step, values=values,
            test_functions=test_functions, forcing_period=forcing_period,
        )  # fmt: skip
    request = locus_requested(system, start, asked, parameters, ranges, max_step, values, test_functions)
    with np.errstate(all="ignore"):  # what is not finite ends the curve, with its place
        found, curve, trace = traced(request)
        tests = LocusTests(request, curve)
        locate(tests, trace)
        return locus_of(tests, found, trace)
