"""The house plan, checked on the source: who may import whom, how long files and functions may be, what loads when."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dynana"

ROOMS = {
    "results": set(),
    "numerics": set(),
    "definition": set(),
    "lowering": {"definition", "numerics"},
    "plot": {"results", "definition"},
    "simulation": {"definition", "lowering", "numerics", "results"},
    "analysis": {"definition", "lowering", "numerics", "results", "simulation"},
    "interchange": {"definition", "results"},
}
"""Room of dynana -> rooms it may import, besides itself and dynana.errors."""

LIBRARIES = {
    "sympy": ["definition", "lowering", "simulation", "analysis", "interchange"],
    "mpmath": ["definition"],
    "numba": ["numerics", "lowering", "simulation", "analysis"],
    "llvmlite": ["numerics", "lowering"],
    "matplotlib": ["plot"],
    "networkx": ["simulation/connectivity.py", "plot/networks.py"],
    "pandas": ["results/tables.py"],
    "xarray": ["results/other_packages.py"],
    "neo": ["results/other_packages.py"],
    "scipy": ["numerics", "simulation", "analysis"],
}
"""Library -> rooms or files of dynana that may import it; numpy and the standard library are free."""

FREE_SCRIPTS = {"numpy", "dynana"}
"""What models and the command line may import besides the standard library; gallery scripts also matplotlib."""

LONGEST_FILE = 350
"""Lines; the house plan says about 300."""

LONGEST_FUNCTION = 44
"""Statements without docstring and nested functions; the house plan says about 40."""

LONGEST_GALLERY_SCRIPT = 40
"""Lines of code (header, comments and blank lines not counted)."""

MEDIAN_FILE, MEDIAN_FUNCTION = 220, 10
"""Upper bounds of the medians over the package (lines, statements)."""

KERNELS: dict[str, str] = {
    "numerics/collocation.py::factorise": "one pass over all intervals; its work arrays are shared by every part",
    "numerics/collocation_newton.py::newton": "full, chord and damped steps share the factors and the work arrays",
    "numerics/collocation_solves.py::back_substitute": "backward pass over all intervals",
    "numerics/collocation_solves.py::residual": "pass over all intervals",
    "numerics/flights.py::fly_once": "the time loop of a flight, where steps, events and refractory times meet",
    "numerics/floquet.py::_sweep": "one pass over all factors with everything in registers",
    "numerics/saltation.py::pass_event": "one event for all vectors at once, in the arrays they share",
    "numerics/segment_flights.py::fly": "the time loop: step, error and the search for jumps share their arrays",
    "numerics/settling.py::settle_cells": "the time loop of every start, with each way in which it ends",
    "numerics/tangent_runs.py::follow_run": "the loop over recorded steps, where events, holds and surfaces meet",
    "numerics/variational.py::resolve_transfers": "pass over all intervals",
    "numerics/block_events.py::fire": "every jump of every cell of a block; its parts share a dozen arrays",
    "numerics/block_run.py::run_blocks": "the time loop of a block, with its arrays kept in the first cache",
    "numerics/orbit.py::advance": "the time loop of a single run, where methods, inputs, surfaces and jumps meet",
    "numerics/rosenbrock.py::rosenbrock_step": "one step; its stages share the factors and eight rows of work",
    "numerics/flow_lines.py::flow_line": "the loop over steps, with every way in which a line ends",
    "numerics/curve_coverage.py::cover_curves": "the search loop; see find_zeros",
    "numerics/krawczyk.py::find_zeros": "the search loop; each helper would be optimised again by the compiler",
}
"""Longer functions, "room/file.py::name" -> reason: time loops and numeric kernels that splitting would slow down."""

FILES: dict[str, str] = {}
"""Longer files, "room/file.py" -> reason."""

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "core", "base_utils"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(folder: Path) -> list[Path]:
    """Python files below `folder`, not through the link dynana/models."""
    return sorted(path for path in folder.rglob("*.py") if "models" not in path.relative_to(PACKAGE.parent).parts[1:])


PACKAGE_FILES = sources(PACKAGE)
MODEL_FILES = sorted((ROOT / "models").rglob("*.py"))
GALLERY_FILES = sorted((ROOT / "gallery").glob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(path: Path, *, types: bool = True) -> Iterator[tuple[str, int]]:
    """Absolute dotted names of everything imported anywhere in the file, with the line.

    Without `types`, what stands under ``if TYPE_CHECKING:`` is left out: it is never imported.
    """
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    guards = [
        node for node in ast.walk(tree(path)) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    ]
    skipped = set() if types else {child for guard in guards for child in ast.walk(guard)}
    for node in ast.walk(tree(path)):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (start, node.module)))
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def module_files() -> dict[str, Path]:
    dotted = {path: path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in PACKAGE_FILES}
    return {name.removesuffix(".__init__"): path for path, name in dotted.items()}


def test_every_room_is_in_the_contract() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.is_symlink()}
    assert folders - {"__pycache__", "command_line"} == set(ROOMS)
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "errors.py"}


def test_rooms_import_only_what_the_contract_allows() -> None:
    wrong = []
    for path in PACKAGE_FILES:
        room = name_of(path).split("/")[0]
        if room not in ROOMS:
            continue
        allowed = ROOMS[room] | {room, "errors"}
        for name, line in imports(path):
            parts = name.split(".")
            if parts[0] == "dynana" and (len(parts) < 2 or parts[1] not in allowed):
                wrong.append(f"{name_of(path)}:{line} imports {name}; {room} may import {sorted(allowed)}")
    assert not wrong, "\n".join(wrong)


def test_libraries_are_imported_only_where_they_belong() -> None:
    wrong = []
    for path in PACKAGE_FILES:
        for name, line in imports(path):
            library = name.split(".")[0]
            places = LIBRARIES.get(library)
            if library in sys.stdlib_module_names | {"dynana", "numpy"}:
                continue
            if places is None:
                wrong.append(f"{name_of(path)}:{line} imports {library}, which is not in the table LIBRARIES")
            elif not any(name_of(path) == place or name_of(path).startswith(place + "/") for place in places):
                wrong.append(f"{name_of(path)}:{line} imports {library}; only {places} may")
    assert not wrong, "\n".join(wrong)


COMMAND_LINE = [PACKAGE / "__main__.py", *sorted((PACKAGE / "command_line").glob("*.py"))]


@pytest.mark.parametrize("path", [*MODEL_FILES, *GALLERY_FILES, *COMMAND_LINE], ids=lambda path: path.name)
def test_models_gallery_and_command_line_use_public_names_only(path: Path) -> None:
    import dynana as dn

    free = sys.stdlib_module_names | FREE_SCRIPTS | ({"matplotlib"} if path.parent.name == "gallery" else set())
    # deepest allowed: dynana.models.rate.wong_wang, dynana.errors.unknown, dynana.System
    own = {"command_line": 4} if path in COMMAND_LINE else {}
    depth = {"models": 4, "errors": 3, **dict.fromkeys(set(dn.__all__) - {"models"}, 2), "__version__": 2, "__doc__": 2}
    depth |= own
    for name, line in imports(path):
        parts = name.split(".")
        assert parts[0] in free, f"{path.name}:{line} imports {name}"
        if parts[0] == "dynana" and len(parts) > 1:
            assert len(parts) <= depth.get(parts[1], 0), f"{path.name}:{line} imports {name}, which is not public"


def test_modules_import_each_other_in_one_direction() -> None:
    modules = module_files()
    graph = {name: set() for name in modules}
    for module, path in modules.items():
        for name, _ in imports(path, types=False):
            target = name if name in modules else name.rpartition(".")[0]
            # the lazy table of the package itself is what everything hangs on, not a dependency
            if target in modules and target not in (module, "dynana") and module != "dynana":
                graph[module].add(target)
    cycle = find_cycle(graph)
    assert cycle is None, " -> ".join(cycle or [])


def find_cycle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()
    path: list[str] = []

    def visit(node: str) -> list[str] | None:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return None
        path.append(node)
        for target in sorted(graph[node]):
            if found := visit(target):
                return found
        path.pop()
        done.add(node)
        return None

    for start in graph:
        if found := visit(start):
            return found
    return None


def test_the_cycle_finder_finds_a_cycle() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) is None


# budgets


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Qualified name and number of statements (docstring and nested functions not counted) of every function."""

    def visit(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{prefix}{child.name}", statements(child)
                yield from visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.ClassDef):
                yield from visit(child, f"{prefix}{child.name}.")
            else:
                yield from visit(child, prefix)

    yield from visit(tree(path), "")


def statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    def count(node: ast.AST) -> int:
        total = 0
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                total += 1
            else:
                total += isinstance(child, ast.stmt) + count(child)
        return total

    return count(function) - (ast.get_docstring(function) is not None)


def test_statements_are_counted_without_docstring_and_nested_functions() -> None:
    source = (
        'def f():\n    "Doc."\n    if x:\n        a = 1\n    def g():\n        b = 2\n        return b\n    return g\n'
    )
    assert statements(ast.parse(source).body[0]) == 4  # type: ignore[arg-type]


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE_FILES}
    long = {name: count for name, count in lines.items() if count > LONGEST_FILE}
    assert not long.keys() - FILES.keys(), (
        f"longer than {LONGEST_FILE} lines: {long}; split them or name the reason in FILES"
    )
    assert not FILES.keys() - long.keys(), "these need no exception any more"


def test_functions_are_short() -> None:
    counts = {f"{name_of(path)}::{name}": count for path in PACKAGE_FILES for name, count in functions(path)}
    long = {name: count for name, count in counts.items() if count > LONGEST_FUNCTION}
    unnamed = {name: long[name] for name in sorted(long.keys() - KERNELS.keys())}
    assert not unnamed, (
        f"longer than {LONGEST_FUNCTION} statements: {unnamed}; split them or, for a kernel, name the reason in KERNELS"
    )
    assert not KERNELS.keys() - long.keys(), "these need no exception any more"


def test_the_typical_file_and_function_are_small() -> None:
    files = [len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE_FILES if path.name != "__init__.py"]
    counts = [count for path in PACKAGE_FILES for _, count in functions(path)]
    assert statistics.median(files) <= MEDIAN_FILE
    assert statistics.median(counts) <= MEDIAN_FUNCTION


@pytest.mark.parametrize("path", GALLERY_FILES, ids=lambda path: path.name)
def test_gallery_scripts_are_short(path: Path) -> None:
    module = tree(path)
    header = module.body[0].end_lineno if ast.get_docstring(module) else 0
    lines = path.read_text(encoding="utf-8").splitlines()[header:]
    code = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= LONGEST_GALLERY_SCRIPT


def test_files_say_what_they_are() -> None:
    for path in [*PACKAGE_FILES, *MODEL_FILES, *GALLERY_FILES]:
        assert ast.get_docstring(tree(path)), f"{path.relative_to(ROOT)} has no docstring"
        assert path.stem not in VAGUE_NAMES, f"{path.relative_to(ROOT)}: name it after what is in it"


def test_tests_mirror_the_package() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert folders <= set(ROOMS) | {"models", "gallery", "benchmarks"}


# what loads when


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_import_dynana_is_light() -> None:
    heavy = {"numba", "llvmlite", "matplotlib", "networkx", "pandas", "scipy"}
    assert not heavy & loaded_by("import dynana")
    assert not heavy & loaded_by("import dynana as dn; dn.load; dn.DynanaError")


def test_diagrams_of_one_system_load_no_networks_no_parsers_and_no_other_packages() -> None:
    code = "import sys, dynana as dn; dn.bifurcation_diagram; dn.models.hodgkin_huxley; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    own = {f"dynana.{name}" for name in ("definition.network", "definition.text_model", "simulation.single", "plot")}
    assert not {"scipy.linalg", "matplotlib", "networkx", "pandas", *own} & set(done.stdout.split())


def test_defining_a_model_compiles_nothing() -> None:
    assert not {"numba", "llvmlite", "matplotlib", "networkx"} & loaded_by("import dynana.models")
