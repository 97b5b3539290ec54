"""Two hundred hostile files: nothing in them runs, nothing hangs, nothing outside their folder is read."""

from __future__ import annotations

import itertools
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynana as dn
from tests.benchmarks.test_load_ode import fifty_variables

#: Processor time for one file, in seconds, or, where a busy machine is slow, in units of what an ordinary file takes at
#: the same moment, one with fifty equations: a sixth of a second on a quiet machine.
LIMIT, ORDINARY = 1.0, 6.0

CODE = [
    "__import__('os').system('touch {mark}')", "__import__('pathlib').Path('{mark}').touch()", "open('{mark}','w')",
    "eval('1')", "exec('1')", "().__class__.__base__.__subclasses__()", "x.__class__", "x.func", "lambda: 0",
    "(lambda u: u)(1)", "[c for c in ().__class__.__mro__]", "f'{{1}}'", "os.system('touch {mark}')", "x if x else y",
    "globals()", "compile('1','','eval')", "getattr(x,'a')", "sympify('1')", "S('1')", "Symbol('x')", "Function('f')",
    "Integral(x)", "solve(x)", "factorial(10^7)", "Rational(1,3)", "breakpoint()", "`touch {mark}`", "$(touch {mark})",
    "x; import os", "yield x", "await x", "x:=1", "'a'", '"a"', "b'a'", "x@x", "x//y", "x%y", "x<<9", "~x", "x.y", "@",
]  # fmt: skip
PLACES = ["x'={}", "x'=1\npar a={}", "x'=1\ninit x={}", "x'=1\naux q={}", "x'=f(1)\nf(u)={}"]
NAMES = [
    "__class__", "__import__", "_", "__", "None", "True", "lambda", "class", "é", "x" * 200, "1x", "x-y", "x.y", "x y",
    "t", "pi", "\u0445", "x\u200b", "x\x00", "if", "sum", "then", "E", "I", "S", "oo", "zoo", "nan", "inf",
]  # fmt: skip
TOWERS = [
    "9^9^9", "9**9**9**9", "2^(10^10)", "(2^1000)^1000", "x^1e9", "(x+1)^1e308", "1e308*1e308*x", "1e400", "1e-400*x",
    "exp(exp(exp(999)))", "sinh(1e6)", "x^(9^9)", "(((x^999)^999)^999)", "1/0", "0/0", "log(0)", "sqrt(-1)", "0^0^0",
    "(1e-300*x)^2", "(3*x)^999", "(0.1234567890123*x)^999", "exp(710)*x", "tan(pi/2)", "mod(1e300,1e-300)",
    "flr(1e308)", "x^0.123456789012345", "2^0.1234567890123", "123456789.123456789^0.987654321",
]  # fmt: skip
DEEP: list[Callable[[], str]] = [
    lambda: "x'=" + "(" * 5000 + "x" + ")" * 5000,
    lambda: "x'=" + "-" * 100_000 + "x",
    lambda: "x'=" + "not " * 4000 + "x",
    lambda: "x'=" + "sin(" * 3000 + "x" + ")" * 3000,
    lambda: "x'=" + "sin(" * 79 + "x" + ")" * 79,
    lambda: "x'=" + "x^" * 4000 + "x",
    lambda: "x'=" + "x^" * 79 + "x",
    lambda: "x'=" + "+".join(["x"] * 6000),
    lambda: "x'=" + "*".join(f"(x+{k})" for k in range(1500)),
    lambda: "x'=" + "<".join(["x"] * 60),
    lambda: "x'=" + "(x<" * 60 + "x" + ")" * 60,
    lambda: "x'=" + "heav(x-" * 60 + "x" + ")" * 60,
    lambda: "x'=" + "heav(1-heav(x)*" * 35 + "x" + ")" * 35,
    lambda: "x'=" + "if(x<1)then(" * 60 + "x" + ")else(1)" * 60,
    lambda: "x'=" + "if(" * 25 + "x" + ")then(1)else(x)" * 25,
    lambda: "\n".join(["# names that begin with digits", *(f"{k}a'=-{k}a" for k in range(900))]),
    lambda: "x'=" + "if(" * 25 + "x>1" + ")then(x)else(x-1)" * 25,
    lambda: "x'=" + "max(x," * 70 + "1" + ")" * 70,
    lambda: "x'=" + "mod(x," * 50 + "2" + ")" * 50,
    lambda: "x'=" + "atan2(x," * 50 + "2" + ")" * 50,
    lambda: "x'=" + "1/atan2(x,1-" * 30 + "2" + ")" * 30,
    lambda: "x'=" + "acos(x*" * 50 + "2" + ")" * 50,
    lambda: "x'=" + "abs(1-sign(x-" * 35 + "x" + "))" * 35,
    lambda: "x'=" + "(x>1)&" * 3000 + "(x<2)",
    lambda: "x'=f40(x)\nf0(u)=u\n" + "".join(f"f{k}(u)=f{k - 1}(u)*f{k - 1}(u)\n" for k in range(1, 41)),
    lambda: "x'=f40(x)\nf0(u)=u+1\n" + "".join(f"f{k}(u)=f{k - 1}(f{k - 1}(u))\n" for k in range(1, 41)),
    lambda: "x'=f40(x)\nf0(u)=sin(u)\n" + "".join(f"f{k}(u)=f{k - 1}(u)+f{k - 1}(u+1)\n" for k in range(1, 41)),
    lambda: "x'=q40\nq0=x+sin(x)\n" + "".join(f"q{k}=q{k - 1}*sin(q{k - 1})\n" for k in range(1, 41)),
    lambda: "x'=q400\nq0=x\n" + "".join(f"q{k}=sin(q{k - 1})\n" for k in range(1, 401)),
    lambda: "x'=q4000\nq0=x\n" + "".join(f"q{k}=q{k - 1}+1\n" for k in range(1, 4001)),
    lambda: "x'=q0\n" + "".join(f"q{k}=q{k + 1}\n" for k in range(1000)) + "q1000=q0",
]
LARGE: list[Callable[[], str]] = [
    lambda: "x[1..1000000000]'=1",
    lambda: "x[-999999999..999999999]'=1",
    lambda: "x[1..99999999999999999999]'=1",
    lambda: "x[1..19999]'=" + "x[j]+" * 2000 + "1",
    lambda: "%[1..1000000]\nx[j]'=1\n%",
    lambda: "%[1..15000]\nx[j]'=1\ny[j]'=1\n%",
    lambda: "x[1..3]'=x[j*999999999]",
    lambda: "x'=sum(0,1e9)of(i')",
    lambda: "x'=sum(0,9999)of(sum(0,9999)of(sin(x+i')))",
    lambda: "x'=sum(0,99)of(sum(0,99)of(sum(0,99)of(i')))",
    lambda: "x'=sum(0,9999)of(x)*sum(0,9999)of(x*i')",
    lambda: "x'=sum(-1e300,1e300)of(i')",
    lambda: "x'=sum(0,1/0)of(i')",
    lambda: "x'=w(x)\ntable w % 999999999 0 1 t",
    lambda: "x'=w(x)\ntable w % 100000 0 1 sin(t)",
    lambda: "x'=w(x)+w(2*x)+w(w(x))\ntable w % 2000 0 1 sin(9*t)",
    lambda: "x'=w(w(w(w(w(x)))))\ntable w % 101 0 1 sin(9*t)",
    lambda: "x'=w(1)\ntable w % 11 0 1 w(t)",
    lambda: "x'=1\n" + "par a=1\n" * 10_000,
    lambda: "x'=1\n" + "".join(f"par a{k}=1\n" for k in range(9000)),
    lambda: "x'=1\n@ " + "total=1," * 100_000,
    lambda: "x'=1\n" + "@ total=1\n" * 20_000,
    lambda: "x'=1\n" + "# c\n" * 200_000,
    lambda: "x'=1\n" + "\\\n" * 100_000,
    lambda: "x'=" + "1" * 900_000,
    lambda: "x'=x*1." + "1" * 15_000,
    lambda: "x'=" + "a" * 100_000,
    lambda: "x" * 900_000,
    lambda: "x'=1\n" + " " * 900_000,
    lambda: "x'=1\npar " + " " * 200_000 + "= ",
    lambda: "x'=1\npar " + "a " * 100_000,
    lambda: "x'=1\nset s {" + "a=1," * 100_000 + "}",
    lambda: "x'=1\nset s {" * 30_000,
    lambda: "x'=1\nglobal 1 x-1 {" + "x=x+1;" * 20_000 + "}",
    lambda: "x'=1\nglobal 1 x-1 {" + "x=x*x;" * 60 + "}",
    lambda: "x'=1\n" + "global 1 x-1 {x=0}\n" * 3000,
    lambda: "x'=1\nglobal " + "{" * 50_000,
    lambda: "x'=1\nmarkov z 999999999\n{0}",
    lambda: "x'=1\ninit " + "x=1," * 50_000,
    lambda: "x'=1\n" + "x(0)=1\n" * 15_000,
    lambda: "f(" + ",".join(f"u{k}" for k in range(5000)) + ")=1\nx'=1",
    lambda: "".join(f"x{k}'=1\n" for k in range(30_000)),
    lambda: "x'=1\n" * 2,
    lambda: "x'=1\r\r\n\n\r" * 9999,
]
BYTES = [
    b"\x00" * 1000, b"\xff\xfe" + "x'=1".encode("utf-16-le"), bytes(range(256)) * 40, b"\xef\xbb\xbfx'=1\ndone",
    b"x'=1\n\x1a\x00", b"PK\x03\x04" + b"x" * 500, b"\x80\x04\x95", b"\x93NUMPY\x01\x00", b"", b"\n", b"done", b"d",
]  # fmt: skip
FILES = [
    "#include /etc/passwd", "#include ../../../etc/passwd", "#include /dev/zero", "#include .", "#include ..",
    "#include link", "#include fifo", "#include hostile.ode", "#include \x00", "#include " + "a/" * 3000,
    "table w /etc/passwd\ny'=w(x)", "table w ../x\ny'=w(x)", "table w /dev/zero\ny'=w(x)", "table w link\ny'=w(x)",
    "table w fifo\ny'=w(x)", "table w .\ny'=w(x)", "table w big.tab\ny'=w(x)", "table w bad.tab\ny'=w(x)",
    "table w nan.tab\ny'=w(x)", "export {x} {y}", "special z=import(evil.so,f,1,x)", "options /etc/passwd",
    "@ dll_lib=evil.so,dll_fun=f", "#include ~/.profile", "#include $HOME/.profile", "#include file:///etc/passwd",
    "#include http://localhost/x", "#include \\\\host\\share",
]  # fmt: skip


def corpus(mark: str) -> Iterator[tuple[str, bytes]]:
    for k, code in enumerate(CODE):
        yield f"code {k}", PLACES[k % len(PLACES)].format(code.format(mark=mark)).encode()
    for k, name in enumerate(NAMES):
        yield f"name {k}", f"x'=-x+{name}\n{['par ', '', 'aux ', '!'][k % 4]}{name}=2\ndone".encode("utf-8", "replace")
    for k, tower in enumerate(TOWERS):
        yield f"tower {k}", PLACES[k % len(PLACES)].format(tower.replace("x", "x" if k % 5 != 4 else "u")).encode()
    for kind, makers in (("deep", DEEP), ("large", LARGE)):
        for k, make in enumerate(makers):
            yield f"{kind} {k}", make().encode()
    for k, data in enumerate(BYTES):
        yield f"bytes {k}", data
    for k, text in enumerate(FILES):
        yield f"file {k}", f"x'=-x\n{text}\ndone".encode()


def test_there_are_two_hundred() -> None:
    assert len(list(corpus("mark"))) >= 200


class Watch:
    """Records what a load does to the world: files opened, code executed, processes started."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[tuple[str, str]] = []
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            self.seen.append((event, os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else ""))
        elif event == "exec":
            self.seen.append((event, getattr(arguments[0], "co_filename", "?")))
        elif event == "compile" and arguments[0] is not None:
            self.seen.append((event, str(arguments[0])[:100]))
        elif event.split(".")[0] in ("subprocess", "socket", "ctypes", "shutil") or event in (
            "os.system", "os.exec", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir", "os.fork",
        ):  # fmt: skip
            self.seen.append((event, str(arguments)[:100]))


WATCH = Watch()
#: Numbers of ordinary files, so that none is read twice.
FRESH = itertools.count()
#: Where Python may read its own modules from while a test runs.
CODE_FOLDERS = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), str(Path(dn.__file__).parent)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "fifo")
    (folder / "big.tab").write_text("99999999\n0\n1\n" + "1\n" * 1000)
    (folder / "bad.tab").write_text("__import__('os')\n")
    (folder / "nan.tab").write_text("3\n0\n1\nnan\ninf\n1e999\n")
    dn.load_ode(
        "x'=exp(-x)+sin(x)*heav(x-1)+if(x>1)then(2)else(tanh(x))+w(x)\ntable w % 9 0 1 sin(t)\nglobal 1 x-1 {x=0}"
    )
    return folder


def load_watched(path: Path) -> tuple[float, str]:
    """Return the processor time of a load and what came of it."""
    WATCH.seen.clear()
    WATCH.on = True
    begun = time.process_time()
    try:
        model = dn.load_ode(path)
        result = "model"
        assert isinstance(model.system, dn.System)
    except dn.FormatError as error:
        result = str(error)
        assert error.line is not None and error.column is not None, result
    finally:
        spent = time.process_time() - begun
        WATCH.on = False
    return spent, result


def slow(spent: float) -> bool:
    """Return whether a file took too much processor time, in seconds."""
    if spent < LIMIT:
        return False
    begun = time.process_time()
    dn.load_ode(fifty_variables().replace("v", f"v{next(FRESH)}_"))  # names that sympy has not seen
    return spent > ORDINARY * (time.process_time() - begun)


@pytest.mark.parametrize("name", [name for name, _ in corpus("mark")])
def test_hostile_files_do_nothing(name: str, folder: Path) -> None:
    mark = folder / "mark"
    data = dict(corpus(str(mark)))[name]
    path = folder / "hostile.ode"
    path.write_bytes(data)
    spent, result = load_watched(path)
    for _ in range(2):  # other processes slow a processor down, too
        spent = spent if spent < LIMIT else min(spent, load_watched(path)[0])
    assert not slow(spent), f"{spent:.2f} s: {result[:200]}"
    assert not mark.exists()
    assert "root:" not in result
    for event, what in WATCH.seen:
        inside = event in ("open", "exec") and what.startswith((*CODE_FOLDERS, "<frozen", str(folder)))
        assert inside, (event, what)


PIECES = st.sampled_from(
    "x y t a x' dx/dt= = + - * / ^ < > & | not( if( )then( )else( sum(0,3)of( shift(x, i' ( ) { } [ ] [j] [1..3] [j+1] "
    '% # " @ ! ; , \\ par init aux global wiener table set number 1 2.5 1e9 done d \n \t exp( heav( ran( mod( w( '
    "f(u)= x(0)= meth= total= 0= delay(".split(" ")
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=100), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join)
    )
)
def test_any_text_is_a_model_or_a_format_error_with_its_place(text: str) -> None:
    begun = time.process_time()
    try:
        dn.load_ode("x'=-x+a*y\npar a=1\ny'=x\n" + text)
    except dn.FormatError as error:
        assert error.line is not None and error.column is not None
    assert not slow(time.process_time() - begun)
