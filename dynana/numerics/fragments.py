"""Compiled functions that exist only inside others: typed, but optimised and turned into machine code by their callers.

numba optimises every function on its own, makes machine code and entry points for Python and C, and then links the
result into each caller, where all of it is optimised and made once more. A function five calls deep is made six times.
A *fragment* stops before: what is linked into its callers is plain intermediate code. A driver and everything that it
calls are then optimised together and once, which compiles in half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from llvmlite import binding
from llvmlite.ir import instructions
from numba.core import codegen, compiler, types
from numba.core.caching import CompileResultCacheImpl
from numba.core.environment import lookup_environment
from numba.core.registry import CPUDispatcher
from numba.core.types.misc import unliteral

from dynana.numerics.optimisation import FIRST_LEVEL, optimise
from dynana.numerics.typing_memory import compiling

#: LLVM by itself uses half of the 512 bits of vectors of Intel's processors, the first of which slowed down when all
#: were used. Those of today gain a quarter from them. For other processors this says nothing new.
_WIDEST = '"prefer-vector-width"="512"'

#: Prefix of the globals that hold the environments of functions: the objects that their code refers to.
_ENVIRONMENT = "_ZN08NumbaEnv"


class _Library(codegen.JITCodeLibrary):  # type: ignore[misc]
    """Code whose functions are optimised with one manager of passes: numba makes one for every declaration too."""

    def add_ir_module(self, module: Any) -> None:
        """Add a module and take it apart: its instructions refer to each other, a million objects in a process."""
        super().add_ir_module(module)
        for function in module.functions:
            for block in function.blocks:
                for instruction in block.instructions:
                    instruction.operands = ()
                    if isinstance(instruction, instructions.PhiInstr):
                        instruction.incomings = []
                block.instructions = []
            function.blocks, function.args = [], ()
        module.globals.clear()

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout
        defined = [function for function in module.functions if not function.is_declaration]
        if defined:
            manager, builder = self._codegen._function_pass_manager(opt=FIRST_LEVEL)
            for function in defined:
                manager.run(function, builder)


class _Code(_Library):
    """Code of a fragment: linked with what it calls, not made executable.

    It is not optimised either, but for functions that are always inlined: their polynomials have to be written out and
    their branches turned into selections before a loop around them can be vectorised.
    """

    optimised = False

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        if self.optimised:
            self._optimize_final_module()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == binding.Linkage.external:
                function.linkage = "linkonce_odr"  # one of many copies
        self._finalize_dynamic_globals()
        self._shared_module = self._final_module
        self._finalized = True

    def serialize_using_object_code(self) -> tuple[str, bytes]:
        return self.name, self._get_module_for_linking().as_bitcode()

    @classmethod
    def restored(cls, generator: Any, state: tuple[str, bytes]) -> _Code:
        """Return what `serialize_using_object_code` was asked for."""
        name, bitcode = state
        self = cls(generator, name)
        self._final_module = self._shared_module = binding.parse_bitcode(bitcode)
        self._finalized = True
        return self


class Executable(_Library):
    """Code of a function that may hold fragments: their environments are filled in, nobody else does it.

    It is kept as machine code, with the intermediate code that other functions link: that is read when one does.
    """

    unrolled = False
    _unread = b""

    def _optimize_final_module(self) -> None:
        optimise(self._final_module, self._codegen, self.unrolled)

    def serialize_using_object_code(self) -> tuple[str, tuple[bytes, bytes, tuple[str, ...]]]:
        """Return what `restored` wants."""
        module = self._get_module_for_linking()
        symbols = (v for group in (module.functions, module.global_variables) for v in group)
        names = tuple(v.name for v in symbols if not v.is_declaration)
        return self.name, (self._get_compiled_object(), module.as_bitcode(), names)

    @classmethod
    def restored(cls, generator: Any, state: tuple[str, tuple[bytes, bytes, tuple[str, ...]]]) -> Executable:
        """Return what `serialize_using_object_code` was asked for."""
        name, (machine_code, bitcode, names) = state
        self = cls(generator, name)
        self.enable_object_caching()
        self._set_compiled_object(machine_code)
        self._unread = bitcode
        self._finalize_final_module()
        generator._engine._defined_symbols.update(names)
        return self

    def _get_module_for_linking(self) -> Any:
        if self._unread:
            self._shared_module, self._unread = binding.parse_bitcode(self._unread), b""
        return super()._get_module_for_linking()

    def _finalize_specific(self) -> None:
        super()._finalize_specific()
        for variable in self._final_module.global_variables:
            if variable.name.startswith(_ENVIRONMENT):
                environment = lookup_environment(variable.name)
                if environment is not None and self._codegen._engine.get_global_value_address(variable.name):
                    self._codegen.set_env(variable.name, environment)


class _Unrolled(Executable):
    """Code whose loops are written out several times over."""

    unrolled = True


class _Wide(_Unrolled):
    """Code with loops over many cells, which are packed into the widest vectors of the processor."""

    def add_ir_module(self, module: Any) -> None:
        """Take in the code of the function, before anything is linked with it."""
        for function in module.functions:
            if not function.is_declaration:
                set.add(function.attributes, _WIDEST)  # llvmlite's own method refuses what has a value
        super().add_ir_module(module)


class _FragmentCompiler(compiler.Compiler):  # type: ignore[misc]
    """Compiles up to intermediate code."""

    def compile_extra(self, function: Callable[..., Any]) -> Any:
        flags = self.state.flags
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        self.state.library = _Code(self.state.targetctx.codegen(), function.__qualname__)
        self.state.library.optimised = bool(flags.forceinline)
        result = super().compile_extra(function)
        return _callable_when_compiled(result, self.state.targetctx)


class WholeCompiler(compiler.Compiler):  # type: ignore[misc]
    """Compiles a function and the fragments in it to machine code."""

    library: type[Executable] = Executable

    def compile_extra(self, function: Callable[..., Any]) -> Any:
        """Compile ``function`` for the types that the pipeline was made with."""
        self.state.library = self.library(self.state.targetctx.codegen(), function.__qualname__)
        self.state.library.enable_object_caching()
        with compiling():
            return super().compile_extra(function)


class UnrolledCompiler(WholeCompiler):
    """Compiles a function whose loops are to be written out several times over."""

    library = _Unrolled


class WideCompiler(WholeCompiler):
    """Compiles a function whose loops over cells are to be packed into the widest vectors of the processor."""

    library = _Wide


def _callable_when_compiled(result: Any, context: Any) -> Any:
    """Make a fragment known to its callers, under a key that stands for the entry point that it does not have."""
    result = result._replace(entry_point=object())
    context.insert_user_function(result.entry_point, result.fndesc, [result.library])
    return result


class FragmentCacheImplementation(CompileResultCacheImpl):  # type: ignore[misc]
    """Keeps fragments as intermediate code, beside the same function compiled for calls from Python."""

    def get_filename_base(self, name: str, flags: str) -> str:
        """Return the start of the names of all files of a function."""
        return f"{super().get_filename_base(name, flags)}.fragment"

    def reduce(self, result: Any) -> tuple[Any, ...]:
        """Return what is kept of a fragment; not its annotated source, which takes long to write."""
        return super().reduce(result._replace(type_annotation=""))

    def rebuild(self, context: Any, payload: tuple[Any, ...]) -> Any:
        """Return the result of a compilation from what was kept."""
        # the entry is a key, as in `_callable_when_compiled`; numba makes the fragment known itself
        return rebuilt(context, payload, _Code, lambda library: object())


def rebuilt(context: Any, payload: tuple[Any, ...], kind: Any, enter: Callable[[Any], Any]) -> Any:
    """Return the result of a compilation from what was kept of it, the kind of its code and what finds its entry."""
    code, descriptor, environment, signature, objectmode, lifted, annotation, reloads, referenced = payload
    for reload in reloads or ():
        reload()
    library = kind.restored(context.codegen(), code)
    return compiler.compile_result(
        typing_context=context.typing_context,
        target_context=context,
        entry_point=enter(library),
        type_annotation=annotation,
        signature=signature,
        objectmode=objectmode,
        lifted=lifted,
        fndesc=descriptor,
        library=library,
        environment=environment,
        reload_init=reloads,
        referenced_envs=referenced,
    )


class Fragment(CPUDispatcher):  # type: ignore[misc]
    """A function that is a fragment where compiled code calls it, and is compiled by itself where Python does.

    Parameters
    ----------
    function : callable
    locals, targetoptions, pipeline_class
        As numba passes them. The last one is ignored.
    whole : callable
        Makes the dispatcher of the same function that Python calls.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        locals: dict[str, Any] | None = None,
        targetoptions: dict[str, Any] | None = None,
        pipeline_class: type = _FragmentCompiler,
        whole: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(function, locals, targetoptions, _FragmentCompiler)
        self._make_whole = whole

    @cached_property
    def _whole(self) -> Any:
        assert self._make_whole is not None
        return self._make_whole()

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Return how a call of these types is compiled.

        numba compiles a function once more for each number or truth value that a caller writes out. Where arrays are
        worked on, one function serves all of them; functions of numbers alone are short and gain from knowing them.
        """
        if any(isinstance(kind, types.Array) for kind in args):
            args = tuple(map(unliteral, args))
            kws = {name: unliteral(kind) for name, kind in dict(kws).items()}
        return super().get_call_template(args, kws)

    def add_overload(self, result: Any) -> None:
        """Keep a result for compiled callers; calls from Python never see it."""
        self.overloads[tuple(result.signature.args)] = result

    def _compile_for_args(self, *arguments: Any, **named: Any) -> Any:
        """Return what is called in place of a fragment; numba asks at every call from Python."""
        return self._whole


class Driver(CPUDispatcher):  # type: ignore[misc]
    """A function of one signature, compiled or loaded when it is first called, passed on or used by compiled code.

    Parameters
    ----------
    function : callable
    locals, targetoptions, pipeline_class
        As numba passes them.
    only : numba signature
        All that the function accepts.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        locals: dict[str, Any] | None = None,
        targetoptions: dict[str, Any] | None = None,
        pipeline_class: type = WholeCompiler,
        only: Any = None,
    ) -> None:
        super().__init__(function, locals, targetoptions, pipeline_class)
        self._only = only

    def _prepare(self) -> None:
        if self._can_compile:
            with compiling():
                if self._can_compile:  # no other thread was faster
                    self.compile(self._only)
                    self.disable_compile()

    def _compile_for_args(self, *arguments: Any, **named: Any) -> Any:
        """Return what is called at the first call from Python: this function, compiled by then."""
        self._prepare()
        return self

    @property
    def _numba_type_(self) -> Any:
        """The type of this function as an argument or as a name in compiled code."""
        self._prepare()
        return super()._numba_type_

    def get_compile_result(self, sig: Any) -> Any:
        """Return the compiled function, as numba and `dynana.numerics.function_addresses` want it."""
        self._prepare()
        return super().get_compile_result(sig)
