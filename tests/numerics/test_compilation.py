"""The cache folder: its place, its name, and what happens when it cannot be used."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numba.core.postproc import PostProcessor
from numba.core.runtime import _nrt_python, rtsys
from numba.core.types.functions import BaseFunction

from dynana.errors import DynanaWarning
from dynana.numerics import compilation, signatures
from dynana.numerics.typing_memory import compiling


@pytest.fixture
def fresh(monkeypatch):
    compilation.cache_folder.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    compilation.cache_folder.cache_clear()


def test_the_environment_places_the_cache(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path))
    assert compilation.cache_folder().parent == tmp_path
    assert f"py{sys.version_info.major}{sys.version_info.minor}" in compilation.cache_folder().name


def test_an_edit_of_any_source_names_another_folder(tmp_path):
    (tmp_path / "callee.py").write_text("x = 1")
    (tmp_path / "caller.py").write_text("y = 2")
    before = compilation.source_hash(tmp_path)
    (tmp_path / "callee.py").write_text("x = 3")
    assert compilation.source_hash(tmp_path) != before
    (tmp_path / "callee.py").write_text("x = 1")
    assert compilation.source_hash(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_replaced_and_said(fresh, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    fresh.setenv(compilation.CACHE_VARIABLE, str(blocked))
    with pytest.warns(DynanaWarning, match=compilation.CACHE_VARIABLE):
        folder = compilation.cache_folder()
    assert folder.is_dir() and blocked not in folder.parents
    assert compilation.cache_folder() == folder, "one folder for the whole process"


def test_division_follows_numpy():
    @compilation.compiled
    def reciprocal(x):
        return 1.0 / x

    assert reciprocal(np.float64(0.0)) == np.inf


def test_explicit_signatures_accept_nothing_else():
    @compilation.compiled(signatures.VECTOR)
    def double(t, y, p, out):
        out[0] = 2 * y[0]

    out = np.empty(1)
    double(0.0, np.ones(1), np.ones(1), out)
    assert out[0] == 2.0
    with pytest.raises(TypeError):
        double(0.0, np.ones(1, dtype=np.float32), np.ones(1), out)


def test_drivers_take_any_kernel_of_a_signature():
    @compilation.compiled(signatures.types.float64(signatures.function_type(signatures.VECTOR), signatures.ROW))
    def drive(kernel, y):
        out = np.empty_like(y)
        kernel(0.0, y, y, out)
        return out[0]

    @compilation.compiled(signatures.VECTOR)
    def square(t, y, p, out):
        out[0] = y[0] * y[0]

    @compilation.compiled(signatures.VECTOR)
    def negate(t, y, p, out):
        out[0] = -y[0]

    assert drive(square, np.array([3.0])) == 9.0
    assert drive(negate, np.array([3.0])) == -3.0
    assert len(drive.overloads) == 1, "compiled once for all kernels"


def test_the_cache_is_private_to_the_user(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path / "new"))
    assert Path(compilation.cache_folder()).stat().st_mode & 0o077 == 0


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_a_function_is_machine_code_in_its_callers_and_on_its_own():
    @compilation.compiled
    def square(x):
        return x * x

    @compilation.compiled(signatures.types.float64(signatures.REAL))
    def fourth(x):
        return square(square(x))

    assert not fourth.overloads and not square.overloads, "compiled when they are called"
    assert fourth(3.0) == 81.0
    (part,) = square.overloads.values()
    assert not part.library.get_pointer_to_function(part.fndesc.llvm_func_name), "no machine code but in the caller"
    assert square(3.0) == 9.0 and square(3) == 9, "called from Python it is compiled by itself"


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_what_is_remembered_between_compilations_depends_on_their_options():
    def inverse(x):
        return 1.0 / x

    before = BaseFunction.get_call_type
    assert compilation.compiled(signatures.types.float64(signatures.REAL))(inverse)(0.0) == np.inf
    with compiling(), pytest.raises(ZeroDivisionError):
        compilation.numba.njit(inverse)(0.0)
    with compiling():
        assert compilation.numba.njit(error_model="numpy")(inverse)(0.0) == np.inf
        assert compilation.numba.njit(inverse)(2) == 0.5
    assert BaseFunction.get_call_type is before


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_drivers_and_their_parts_share_what_they_call(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path))  # nothing comes from the cache
    made = []

    def tripled(x):
        raise NotImplementedError

    @compilation.numba.extending.overload(tripled)
    def implementation(x):
        made.append(x)
        return lambda x: 3.0 * x

    @compilation.compiled
    def part(x):
        return tripled(x)

    @compilation.compiled(signatures.types.float64(signatures.REAL))
    def driver(x):
        return part(x) + tripled(x)

    assert driver(2.0) == 12.0
    assert made == [signatures.REAL]


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_generators_closures_and_deletions_survive_the_shorter_passes():
    def triangular(n):
        def added(a, b):
            return a + b

        total = np.zeros(1)
        for k in range(n):
            piece = np.full(3, float(k))
            total = total + added(piece, piece)[:1]
            if k > 100:
                raise ValueError("too many")
        return total[0]

    def counted(n):
        for k in range(n):
            yield k * k

    with compiling():
        run, count = compilation.numba.njit(triangular), compilation.numba.njit(counted)
        assert run(5) == 20.0 and list(count(4)) == [0, 1, 4, 9]
        with pytest.raises(ValueError, match="too many"):
            run(200)
    with compiling(), compiling():
        inside = PostProcessor.run
    assert PostProcessor.run is not inside
    _nrt_python.memsys_enable_stats()
    try:
        before = rtsys.get_allocation_stats()
        assert run(50) == 50.0 * 49.0
        after = rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.alloc - before.alloc == after.free - before.free > 0, "every array is given back"


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_a_driver_is_compiled_wherever_it_is_used_first():
    signature = signatures.types.float64(signatures.REAL)

    @compilation.compiled(signature)
    def called(x):
        return x + 1.0

    @compilation.compiled(signature)
    def calling(x):
        return called(x) + called(x)

    @compilation.compiled(signature)
    def passed(x):
        return 2.0 * x

    @compilation.compiled(signatures.types.float64(signatures.function_type(signature), signatures.REAL))
    def applied(function, x):
        return function(x)

    with pytest.raises(TypeError):
        called("one")
    assert calling(1.0) == 4.0 and applied(passed, 3.0) == 6.0
    result = compilation.compiled(signature)(lambda x: x).get_compile_result(signature)
    assert result.signature.return_type == signatures.REAL


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_threads_may_use_a_driver_first_at_the_same_time():
    @compilation.compiled(signatures.types.float64(signatures.REAL))
    def called(x):
        return 2.0 * x

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(called, [1.0, 2.0, 3.0, 4.0])) == [2.0, 4.0, 6.0, 8.0]
    assert len(called.overloads) == 1


_FAILING = """
import sys
from dynana.numerics.compilation import compiled
from numba import types

@compiled
def checked(x):
    if x < 0.0:
        raise ValueError("negative", x)
    return x

@compiled(types.float64(types.float64))
def halved(x):
    return 0.5 * checked(x)

@compiled(types.float64(types.float64))
def doubled(x):
    return 2.0 * checked(x)

@compiled(types.float64(types.float64))
def both(x):
    return halved(x) + doubled(x)

print(halved(3.0), doubled(3.0), both(3.0), len(checked.stats.cache_hits))
try:
    doubled(-1.0)
except ValueError as error:
    print(error.args)
"""


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
@pytest.mark.parametrize("lost", ["doubled", "checked", "both"])
def test_parts_come_from_the_cache(tmp_path, lost):
    program, cache = tmp_path / "program.py", tmp_path / "cache"
    program.write_text(_FAILING)

    def run():
        environment = os.environ | {compilation.CACHE_VARIABLE: str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, str(program)], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    expected = ["1.5 6.0 7.5 0", "('negative', -1.0)"]
    assert run() == expected
    removed = [file.unlink() for file in cache.rglob(f"*{lost}*.nb*")]
    assert removed
    assert run() == ([f"1.5 6.0 7.5 {int(lost == 'doubled')}", expected[1]])


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_loops_are_written_out_several_times_where_that_is_asked_for(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path))  # what is read from the cache cannot be looked at
    signature = signatures.types.float64(signatures.ROW)

    @compilation.compiled(signature)
    def plain(values):
        result = 0.0
        for value in values:
            result += value
        return result

    @compilation.compiled(signature, unrolled=True)
    def unrolled(values):
        result = 0.0
        for value in values:
            result += value
        return result

    values = np.arange(11.0)
    assert plain(values) == unrolled(values) == 55.0
    (short,), (long,) = ([r.library.get_llvm_str() for r in f.overloads.values()] for f in (plain, unrolled))
    assert 2 * short.count("fadd") <= long.count("fadd")


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_arrays_within_tuples_are_counted_and_freed():
    @compilation.compiled(signatures.types.float64(signatures.INDEX))
    def nested(n):
        pairs = ((np.ones(n), 1), (np.full(n, 2.0), np.full(n, 3.0)))
        kept = pairs[1]
        for _ in range(3):
            pairs = ((kept[0] + pairs[0][0], 2), (pairs[1][1], kept[1]))
        return pairs[0][0].sum() + pairs[1][0].sum()

    assert nested(10) == 100.0
    _nrt_python.memsys_enable_stats()
    try:
        before = rtsys.get_allocation_stats()
        nested(1000)
        after = rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.alloc - before.alloc == after.free - before.free > 0


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_what_is_declared_between_compilations_is_known_to_the_next_one(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path))  # nothing comes from the cache

    def later(x):
        raise NotImplementedError

    signature = signatures.types.float64(signatures.REAL)

    def user(x):
        return later(x)

    with pytest.raises(compilation.numba.TypingError):
        compilation.compiled(signature)(user)(2.0)

    @compilation.numba.extending.overload(later)
    def implementation(x):
        return lambda x: 3.0 * x

    assert compilation.compiled(signature)(user)(2.0) == 6.0


@pytest.mark.skipif(compilation.numba.config.DISABLE_JIT, reason="needs the compiler")
def test_numbers_that_are_written_out_make_no_further_versions_of_functions_of_arrays(fresh, tmp_path):
    fresh.setenv(compilation.CACHE_VARIABLE, str(tmp_path))  # nothing comes from the cache

    @compilation.compiled
    def shifted(values, by, twice):
        return values[by] * (2.0 if twice else 1.0)

    @compilation.compiled
    def power(x, exponent):
        return x**exponent

    @compilation.compiled(signatures.types.float64(signatures.ROW, signatures.INDEX))
    def user(values, k):
        return shifted(values, 0, True) + shifted(values, 1, by_hand) + shifted(values, k, twice=False) + power(3.0, 2)

    by_hand = False
    assert user(np.array([1.0, 10.0, 100.0]), 2) == 2.0 + 10.0 + 100.0 + 9.0
    assert len(shifted.overloads) == 1
    ((_, exponent),) = power.overloads
    assert exponent.literal_value == 2
