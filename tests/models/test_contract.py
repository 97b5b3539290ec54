"""What every model of the library must satisfy, checked on every one of them."""

import re
import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import mpmath
import numpy as np
import pytest
import sympy as sp

import dynana as dn
from dynana.models import FAMILIES

NAMES = [name for names in FAMILIES.values() for name in names]

#: A kernel in double precision against 40 digits: relative to the largest term that enters, so that cancellation
#: between ionic currents (up to 1e4 times their sum) is allowed for, with a margin for chains of rounded operations.
ROUNDING = 1e-13
#: Points where each kernel is compared, drawn from the model's own ranges.
POINTS = 25
#: Step of the central difference in 60 digits; its error is of the order of the step squared.
STEP = mpmath.mpf(10) ** -18

MPMATH = [{"minimum": min, "maximum": max, "logistic": lambda x: 1 / (1 + mpmath.exp(-x))}, "mpmath"]


@pytest.fixture(params=NAMES)
def system(request):
    return getattr(dn.models, request.param)


def points(system, seed=20240117):
    """Random states in the model's ranges and parameters within 10 % of its values, as (y, p)."""
    random = np.random.default_rng(seed)
    low, high = np.array([system.ranges[name] for name in system.states]).T
    values = np.array(list(system.values.values()))
    for _ in range(POINTS):
        yield random.uniform(low, high), values * random.uniform(0.9, 1.1, values.size)


def exact(system, expressions):
    """Return a function of (y, p) that evaluates expressions as the author wrote them, in mpmath."""
    symbols = [system.symbols[name] for name in (*system.states, *system.parameters)]
    function = sp.lambdify(symbols, list(expressions), modules=MPMATH)
    return lambda y, p: function(*map(mpmath.mpf, y), *map(mpmath.mpf, p))


def sizes(system):
    """Return the largest term of each derivative as a function of (y, p), the scale of rounding errors."""
    rows = [[*sp.Add.make_args(sp.expand(row)), row] for row in system.derivatives]
    functions = [exact(system, row) for row in rows]
    return lambda y, p: np.array([max(abs(float(term)) for term in f(y, p)) for f in functions])


def test_compiled_derivatives_are_the_written_ones(system):
    rhs, written, size = dn.lower(system).rhs, exact(system, system.derivatives), sizes(system)
    out = np.empty(len(system.states))
    with mpmath.workdps(40):
        for y, p in points(system):
            rhs(0.0, y, p, out)
            error = np.abs(out - np.array([float(x) for x in written(y, p)]))
            assert np.all(error <= ROUNDING * np.maximum(size(y, p), 1e-3)), (y, error)


def test_compiled_jacobian_is_the_difference_of_the_written_derivatives(system):
    jacobian, written = dn.lower(system).jacobian, exact(system, system.derivatives)
    n = len(system.states)
    out = np.empty((n, n))
    with mpmath.workdps(60):
        for y, p in points(system):
            jacobian(0.0, y, p, out)
            columns = []
            for j in range(n):
                up, down = [mpmath.mpf(v) for v in y], [mpmath.mpf(v) for v in y]
                up[j] += STEP
                down[j] -= STEP
                columns.append(
                    [float((a - b) / (2 * STEP)) for a, b in zip(written(up, p), written(down, p), strict=True)]
                )
            expected = np.array(columns).T
            assert np.allclose(out, expected, rtol=1e-10, atol=1e-11 * np.abs(expected).max()), y


def test_defaults_are_finite_and_ranges_hold_the_start(system):
    assert all(np.isfinite(v) for v in (*system.values.values(), *system.initial.values()))
    assert set(system.ranges) == set(system.states)
    for name, value in system.initial.items():
        low, high = system.ranges[name]
        assert low <= value <= high, name


def test_docstring_cites_its_source(system):
    author_and_year = r"[A-Z][a-z]+.*\(\d{4}\)"
    volume_or_chapter = r"\d+(\(\d+\))?:\d+|chapter \d+|section \d+"
    assert re.search(author_and_year, system.doc), system.doc
    assert re.search(volume_or_chapter, system.doc), system.doc


def test_latex_renders(system):
    from matplotlib.mathtext import MathTextParser

    text = system.latex()
    assert text.count("{") == text.count("}")
    assert text.count(r"\begin{") == text.count(r"\end{")
    parser = MathTextParser("agg")
    # mathtext knows no environments: each derivative is set alone, with the cases of a `where` taken apart
    for row in system.derivatives:
        parts = [e for piece in row.atoms(sp.Piecewise) for e, _ in piece.args] or [row]
        for part in parts:
            if not part.has(sp.Piecewise):
                parser.parse(f"${sp.latex(part)}$")


def test_integrates_without_blow_up(system):
    options = {"dt": 1e-3, "seed": 1} if system.noise else {}
    run = dn.simulate(system, 20.0, **options)
    assert run.t[-1] == pytest.approx(20.0), run.stop
    assert np.all(np.isfinite(run.y))


def test_is_listed_by_the_command_line(model_list, system, request):
    assert request.node.callspec.params["system"] in model_list


@pytest.fixture(scope="module")
def model_list():
    run = subprocess.run([sys.executable, "-m", "dynana", "list"], capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_system_of_a_family_is_in_its_index(family):
    module = import_module(f"dynana.models.{family}")
    parts = [import_module(f"{module.__name__}.{p.name}") for p in iter_modules(getattr(module, "__path__", ()))]
    found = {n: x for part in (module, *parts) for n, x in vars(part).items() if isinstance(x, dn.System)}
    assert {n for n in found if not n.startswith("_")} == set(FAMILIES[family])
    assert all(getattr(module, n) is getattr(dn.models, n) for n in FAMILIES[family])
    assert {n for n in dir(module) if isinstance(getattr(module, n), dn.System)} == set(FAMILIES[family])


def test_names_are_unique_and_unknown_ones_are_refused():
    assert len(NAMES) == len(set(NAMES))
    assert set(NAMES) <= set(dir(dn.models))
    with pytest.raises(AttributeError, match="hodgkin_huxley"):
        dn.models.hodgkin_huxly  # noqa: B018


def test_one_conductance_model_is_traced_without_the_others():
    code = "import sys; from dynana.models import hodgkin_huxley; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [m for m in loaded if m.startswith("dynana.models.conductance.")] == ["dynana.models.conductance.squid_axon"]
    with pytest.raises(AttributeError, match="known: hodgkin_huxley, morris_lecar,"):
        import_module("dynana.models.conductance").connor_stevens  # noqa: B018


def test_importing_one_model_does_not_import_other_families_or_numba():
    code = "import sys; from dynana.models import wong_wang; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "dynana.models.rate" in loaded
    assert not {"dynana.models.conductance", "dynana.models.protocols", "numba", "matplotlib"} & set(loaded)
