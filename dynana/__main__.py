"""The command line: ``python -m dynana demo``, ``info``, ``plane``, ``diagram``, ``check FILE.ode``, ...

Exit status: 0 done, 1 a computation or file failed, 2 something typed is wrong. Errors are one line on stderr.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dynana as dn
from dynana.command_line import files, library, pictures, words

_RANGE_HELP = "range of a state, for example V=-80:40 (default: the model's)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (those of the process by default) and return the exit status."""
    # pictures go to files: no window system is needed, and none is started where there is one
    os.environ.setdefault("MPLBACKEND", "Agg")
    warnings.showwarning = _show_warning
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except BrokenPipeError:
        # the reader (head, less) has gone: not an error, and nothing more can be written
        sys.stdout = open(os.devnull, "w")
        return 0
    except (ValueError, TypeError, ImportError) as error:
        return _fail(error, 2)
    except (dn.DynanaError, OSError, ArithmeticError) as error:
        return _fail(error, 1)
    return 0


def _fail(error: Exception, status: int) -> int:
    text = str(error) or type(error).__name__
    print(f"dynana: {text}", file=sys.stderr)
    return status


def _show_warning(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    print(f"dynana: warning: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dynana", description=(dn.__doc__ or "").splitlines()[0])
    parser.add_argument("--version", action="version", version=f"dynana {dn.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    demo = command("demo", pictures.demo, "phase planes of the decision model at its four published settings")
    demo.add_argument("-o", metavar="FOLDER", dest="output", default="dynana-demo", help="folder of the pictures")
    command("list", library.list_models, "names of all models, one line each")
    _add_model(command("info", library.info, "equations, parameters, units and source of a model"))
    _add_plane(command("plane", pictures.plane, "nullclines and fixed points in a plane of two states"))
    _add_diagram(command("diagram", pictures.diagram, "bifurcation diagram over a parameter, as table and picture"))
    _add_simulate(command("simulate", pictures.simulate, "trajectory of a model, as picture or data"))
    check = command("check", files.check, "what is read from an XPPAUT file, and every guess, repair and omission")
    check.add_argument("file", metavar="FILE.ode")
    _add_run(command("run", files.run, "run an XPPAUT file as `xppaut FILE.ode -silent` does"))
    _add_convert(command("convert", files.convert, "write a model in the language of another program"))
    return parser


def _add_model(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("model", metavar="MODEL", help="name of a model, see `list`, or an XPPAUT file NAME.ode")


def _add_range(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--range", metavar="STATE=LOW:HIGH", dest="ranges", action="append", default=[], help=_RANGE_HELP)


def _add_plane(sub: argparse.ArgumentParser) -> None:
    _add_model(sub)
    words.add_settings(sub)
    sub.add_argument("--x", metavar="STATE", help="state on the horizontal axis (default: the first)")
    sub.add_argument("--y", metavar="STATE", help="state on the vertical axis (default: the second)")
    _add_range(sub)
    sub.add_argument("-o", metavar="FILE", dest="output", help="picture (.png, .svg, .pdf); default MODEL-plane.png")


def _add_diagram(sub: argparse.ArgumentParser) -> None:
    _add_model(sub)
    sub.add_argument("parameter", metavar="PARAMETER")
    sub.add_argument("low", metavar="LOW", help="lower end of its range")
    sub.add_argument("high", metavar="HIGH", help="upper end of its range")
    words.add_settings(sub)
    _add_range(sub)
    sub.add_argument("--y", metavar="STATE", help="state on the vertical axis (default: the first)")
    sub.add_argument("--equilibria", action="store_true", help="leave the limit cycles out")
    sub.add_argument(
        "-o",
        metavar="FILE",
        dest="output",
        help="picture (.png, .svg, .pdf), table (.csv), result (.npz) or XPPAUT's points (.dat); "
        "default MODEL-PARAMETER-diagram.png",
    )


def _add_simulate(sub: argparse.ArgumentParser) -> None:
    _add_model(sub)
    words.add_settings(sub)
    sub.add_argument("-t", metavar="TIME", type=float, default=100.0, help="duration (default: 100)")
    sub.add_argument(
        "-o",
        metavar="FILE",
        dest="output",
        help="picture (.png, .svg, .pdf), table (.csv) or result (.npz); default MODEL-trajectory.png",
    )


def _add_run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE.ode")
    words.add_settings(sub)
    sub.add_argument("--preset", metavar="NAME", help="named set of values of the file, see `check`")
    sub.add_argument("-o", metavar="FILE", dest="output", default="output.dat", help="rows (default: output.dat)")


def _add_convert(sub: argparse.ArgumentParser) -> None:
    _add_model(sub)
    words.add_settings(sub)
    languages = ", ".join(sorted([files.AUTO, *files.LANGUAGES]))
    sub.add_argument("--to", metavar="LANGUAGE", dest="language", required=True, help=languages)
    sub.add_argument("--over", metavar="PARAMETER=LOW:HIGH", help="what varies, for AUTO-07p")
    sub.add_argument("-o", metavar="FILE", dest="output", help="file (for AUTO-07p a folder); default: print it")


if __name__ == "__main__":
    status = main()
    gc.freeze()  # all files are closed; to take apart what sympy and numba have made would last a fifth of a second
    sys.exit(status)
