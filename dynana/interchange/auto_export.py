"""A System as equations and constants for AUTO-07p."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sympy as sp

from dynana.definition.system import System
from dynana.definition.tracing import symbol
from dynana.errors import FormatError
from dynana.interchange.expression_text import Writer
from dynana.interchange.languages import FORTRAN
from dynana.interchange.names import Names, renamed
from dynana.interchange.plain_events import check_smooth, partial_derivatives

#: Fortran's bound on names.
LONGEST_NAME = 60
#: Characters of a statement's line and of a comment; Fortran reads 132.
LONGEST_LINE, LONGEST_COMMENT = 100, 130
#: Longest part without a name: a statement has at most 39 continuation lines in older compilers.
LONGEST_PART = 1500
#: Parameters that AUTO keeps for itself: the period, angles and times.
OCCUPIED = (10, 11, 12, 13, 14)
#: Parts of the range that a first and a largest step make.
FIRST_STEP, LARGEST_STEP = 1e-3, 1e-2
RESERVED = (
    "ndim u icp par ijac f dfdu dfdp t exp log sqrt sin cos tan atan sinh cosh tanh abs aint min max merge floor_of "
    "func stpnt bcnd icnd fopt pvls written_out bern0 bern1 bern2 bern3 exprel0 exprel1 exprel2 exprel3"
).split()
_FLOOR = """  double precision function floor_of(x)
    double precision, intent(in) :: x
    floor_of = aint(x) - merge(1d0, 0d0, x < aint(x))
  end function"""
_EMPTY = "subroutine {0}\nend subroutine"


@dataclass(frozen=True, kw_only=True)
class AutoFiles:
    """Equations and constants of one run of AUTO-07p.

    Parameters
    ----------
    name : str
        Of the files: ``NAME.f90`` and ``c.NAME``.
    equations, constants : str
        Their texts.
    """

    name: str
    equations: str
    constants: str

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Write both files into a folder and return their paths.

        Raises
        ------
        FormatError
            If there is no such folder.
        """
        place = Path(folder)
        if not place.is_dir():
            raise FormatError(f"cannot save to {place}: there is no such folder; make it first.")
        paths = place / f"{self.name}.f90", place / f"c.{self.name}"
        for path, text in zip(paths, (self.equations, self.constants), strict=True):
            path.write_text(text, encoding="ascii", errors="replace")
        return paths

    def __str__(self) -> str:
        return f"{self.equations}\n! c.{self.name}:\n" + "".join(f"! {line}\n" for line in self.constants.splitlines())


def to_auto(
    system: System,
    parameter: str,
    interval: tuple[float, float],
    *,
    start: Mapping[str, float] | None = None,
) -> AutoFiles:
    """Return a system as AUTO-07p's equations file, with exact derivatives, and a constants file for its equilibria.

    ``auto.run("NAME")`` then follows the equilibrium near ``start`` from the system's own value of the parameter to
    both ends of the interval (start again with ``DS="-"`` for the other end).

    Parameters
    ----------
    system : System
        Smooth and autonomous.
    parameter : str
        The varied parameter.
    interval : (float, float)
        Its range, in which its value lies.
    start : mapping of str to float, optional
        An equilibrium, for example from `dynana.fixed_points`; by default the initial values.

    Returns
    -------
    AutoFiles
        With ``save(folder)``.

    Raises
    ------
    ModelError
        For jumps, noise, explicit time, and functions without a counterpart; the message names the construct.
    ValueError
        If there is no such parameter or state, or the value lies outside the interval.
    """
    check_smooth(system, "AUTO-07p")
    value, (low, high) = system.values[system.parameter(parameter)], interval
    if not low <= value <= high:
        raise ValueError(
            f"interval=({low:g}, {high:g}) does not contain {parameter} = {value:g}, where the run starts: give the "
            f"system as system.at({parameter}=...) or another interval."
        )
    point = dict(system.initial)
    for name, given in (start or {}).items():
        point[system.state(name)] = float(given)
    places = dict(zip(system.parameters, _free_places(), strict=False))
    return AutoFiles(
        name=system.name,
        equations=_Fortran(system, places, point).text(),
        constants=_constants(system, places, parameter, (low, high)),
    )


def _free_places() -> list[int]:
    """Return the numbers of AUTO's parameters that a system may use, in order."""
    return [k for k in range(1, 1000) if k not in OCCUPIED]


def _constants(system: System, places: Mapping[str, int], parameter: str, interval: tuple[float, float]) -> str:
    width = interval[1] - interval[0]
    states = ", ".join(f"{k}: {name!r}" for k, name in enumerate(system.states, start=1))
    parameters = ", ".join(f"{k}: {name!r}" for name, k in places.items())
    ds = -FIRST_STEP if system.values[parameter] == interval[1] else FIRST_STEP
    return "\n".join(
        [
            f"unames = {{{states}}}",
            f"parnames = {{{parameters}, 11: 'PERIOD'}}",
            f"NDIM = {len(system.states)}, IPS = 1, IRS = 0, ILP = 1",
            f"ICP = [{parameter!r}]",
            "NTST = 60, NCOL = 4, IAD = 3, ISP = 2, ISW = 1, IPLT = 0, NBC = 0, NINT = 0",
            "NMX = 2000, NPR = 2000, MXBF = 0, IID = 2, ITMX = 8, ITNW = 5, NWTN = 3, JAC = 1",
            "EPSL = 1e-7, EPSU = 1e-7, EPSS = 1e-5",
            f"DS = {ds * width:.6g}, DSMIN = {1e-6 * width:.6g}, DSMAX = {LARGEST_STEP * width:.6g}, IADS = 1",
            f"NPAR = {max([36, *places.values()])}, THL = {{'PERIOD': 0.0}}, THU = {{}}",
            f"UZSTOP = {{{parameter!r}: [{interval[0]:.17g}, {interval[1]:.17g}]}}",
            "",
        ]
    )


class _Fortran:
    """The equations file of one system."""

    def __init__(self, system: System, places: Mapping[str, int], start: Mapping[str, float]) -> None:
        self._system = system
        self._places = places
        self._start = start
        self._names = Names(RESERVED, longest=LONGEST_NAME, fold=True)
        self._called = self._names.assign([*system.states, *system.parameters])
        symbols = {symbol(n): new for n, new in self._called.items()}
        self._writer = Writer(FORTRAN, symbols, system.name, lambda: self._names.new("part"), LONGEST_PART)

    def text(self) -> str:
        system = self._system
        rates = self._assignments("f({0})", {(k,): e for k, e in enumerate(system.regular, start=1)})
        by_state = self._assignments("dfdu({0},{1})", self._columns(system.states, range(1, len(system.states) + 1)))
        by_parameter = self._assignments("dfdp({0},{1})", self._columns(system.parameters, self._places.values()))
        local = [*self._called.values(), *(name for name, _ in self._writer.lines)]
        title = [f"{system.name}, written by dynana", *system.doc.splitlines(), *renamed(self._called)]
        lines = [
            *(f"! {''.join(c if c.isprintable() else ' ' for c in line)}".rstrip() for line in title),
            "module written_out",
            "  implicit none",
            "contains",
            *(line for _, text in self._writer.definitions() for line in text.split("\n")),
            *_FLOOR.split("\n"),
            "end module",
            "",
            "subroutine func(ndim, u, icp, par, ijac, f, dfdu, dfdp)",
            "  use written_out",
            "  implicit none",
            "  integer, intent(in) :: ndim, icp(*), ijac",
            "  double precision, intent(in) :: u(ndim), par(*)",
            "  double precision, intent(out) :: f(ndim)",
            "  double precision, intent(inout) :: dfdu(ndim,ndim), dfdp(ndim,*)",
            *(f"  double precision :: {name}" for name in local),
            *(f"  {self._called[n]} = u({k})" for k, n in enumerate(system.states, start=1)),
            *(f"  {self._called[n]} = par({k})" for n, k in self._places.items()),
            *rates,
            "  if (ijac == 0) return",
            "  dfdu = 0d0",
            *by_state,
            "  if (ijac == 1) return",
            *(f"  dfdp(:,{k}) = 0d0" for k in self._places.values()),
            *by_parameter,
            "end subroutine",
            "",
            "subroutine stpnt(ndim, u, par, t)",
            "  implicit none",
            "  integer, intent(in) :: ndim",
            "  double precision, intent(inout) :: u(ndim), par(*)",
            "  double precision, intent(in) :: t",
            *(f"  par({k}) = {_double(system.values[n])}" for n, k in self._places.items()),
            *(f"  u({k}) = {_double(self._start[n])}" for k, n in enumerate(system.states, start=1)),
            "end subroutine",
            *(_EMPTY.format(name) for name in ("bcnd", "icnd", "fopt", "pvls")),
            "",
        ]
        return "\n".join(part for line in lines for part in _continued(line))

    def _columns(self, names: Iterable[str], places: Iterable[int]) -> dict[tuple[int, ...], sp.Expr]:
        """Return the derivatives by the named quantities that do not vanish, by row and column."""
        found: dict[tuple[int, ...], sp.Expr] = {}
        for rows, column in zip(partial_derivatives(self._system, names), places, strict=True):
            for row, e in enumerate(rows, start=1):
                if e != 0:
                    found[row, column] = e
        return found

    def _assignments(self, target: str, expressions: Mapping[tuple[int, ...], sp.Expr]) -> list[str]:
        """Return assignments, with those of the intermediate values that they are the first to need."""
        known = len(self._writer.lines)
        texts = self._writer.block(expressions.values())
        needed = [f"  {name} = {text}" for name, text in self._writer.lines[known:]]
        return needed + [f"  {target.format(*place)} = {t}" for place, t in zip(expressions, texts, strict=True)]


def _double(value: float) -> str:
    text = repr(value)
    return text.replace("e", "d") if "e" in text else f"{text}d0"


def _continued(line: str) -> list[str]:
    """Return a statement as lines that Fortran reads; comments are cut."""
    if line.startswith("!"):
        return [line[:LONGEST_COMMENT]]
    parts = []
    while len(line) > LONGEST_LINE:
        cut = max(line.rfind(mark, 1, LONGEST_LINE) for mark in " *,") + 1
        cut = cut if cut > LONGEST_LINE // 2 else LONGEST_LINE
        parts.append(f"{line[:cut]}&")
        line = f"    &{line[cut:]}"
    return [*parts, line]
