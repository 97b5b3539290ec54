"""`continue_equilibria`: every branch of equilibria over a range of a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dynana.analysis.continuation_request import Request, requested
from dynana.analysis.equilibrium_results import diagram_of
from dynana.analysis.equilibrium_survey import Survey
from dynana.definition.system import System
from dynana.results.diagram import Diagram
from dynana.results.fixed_points import FixedPoint
from dynana.results.special_points import SpecialPoint

TestFunction = Callable[[Mapping[str, float]], float]
Start = SpecialPoint | FixedPoint | Mapping[str, float]


def continue_equilibria(
    system: System,
    parameter: str,
    range: tuple[float, float],
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    max_step: float | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    test_functions: Mapping[str, TestFunction] | None = None,
    start: Start | None = None,
) -> Diagram:
    """Follow all branches of equilibria over a range of a parameter.

    Parameters
    ----------
    system : System
        The other parameters have its stored values.
    parameter : str
        The parameter that varies.
    range : (low, high)
        Of the parameter.
    ranges : mapping of state to (low, high), optional
        The box of states that is covered. States that are not given have the range of the model, gates [0, 1]; a state
        that follows from the others needs none.
    max_step : float, optional
        Longest step, as a fraction of the size of the diagram. It changes how many points a branch has, and nothing
        else: folds, Hopf points and branch points are located as roots.
    values : mapping of state or parameter to values, optional
        Where to put labels: ``{"I": [10, 20], "V": [-50]}``.
    test_functions : mapping of name to callable, optional
        Functions of a mapping with all states and parameters, whose zeros are located: where they change their sign,
        but for poles. They return nan where they have no value; ``coverage`` says where that was.
    start : SpecialPoint, FixedPoint or mapping of state to value, optional
        Follow the branches through this point only. A SpecialPoint brings its parameter values with it.

    Returns
    -------
    Diagram

    Raises
    ------
    ValueError
        For unknown names, a range that is empty or reversed, a parameter that does not enter the equations.
    ModelError
        If the equations contain time.
    ConvergenceError
        If there is no equilibrium in the range and box, or the start is none.

    Notes
    -----
    Pseudo-arclength continuation in coordinates scaled by the box; starts are all equilibria at several parameter
    values, branch points, and whatever curve the search of boxes of (states, parameter) finds beside them.

    Examples
    --------
    >>> import dynana as dn
    >>> from dynana.models import hodgkin_huxley
    >>> diagram = dn.continue_equilibria(hodgkin_huxley, "I", (0, 200))
    >>> [round(point["I"], 6) for point in diagram.special_points("hopf")]
    [9.775438, 154.522434]
    """
    request: Request = requested(system, parameter, range, ranges, max_step, values, test_functions, start)
    survey = Survey(request)
    with np.errstate(all="ignore"):  # what is not finite ends a branch, with its place
        survey.run()
        return diagram_of(survey)
