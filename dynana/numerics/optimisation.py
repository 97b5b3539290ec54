"""How LLVM optimises compiled functions: what does not pay for the time that it takes is left out.

Measured where `dynana.bifurcation_diagram` starts from an empty cache. LLVM writes loops out several times, in case
they run long: that is a third of the machine code of a driver and of the time to make it. Loops over states, parameters
and mesh points run a few times, and those of kernels in four columns at a time are written out already. Runs of
very many steps keep what LLVM does.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding

#: LLVM's level: 3 is what numba asks for.
_LEVEL = 3

#: LLVM's level before functions are linked with each other, where numba asks for 3 too: all that it has to do is to
#: take numba's variables out of memory. The rest is done once more when everything is known.
FIRST_LEVEL = 1


def optimise(module: Any, generator: Any, unrolled: bool) -> None:
    """Optimise a module in which everything is linked, in numba's two steps: cheap inlining first, then all.

    Parameters
    ----------
    module : llvmlite module
    generator : numba code generator
    unrolled : bool
        Whether loops are written out several times over.
    """
    cheap, builder = generator._module_pass_manager(loop_vectorize=False, slp_vectorize=False, opt=0, cost="cheap")
    cheap.run(module, builder)
    options = binding.create_pipeline_tuning_options(_LEVEL)
    options.loop_vectorization, options.slp_vectorization = True, False
    options.loop_unrolling = options.loop_interleaving = unrolled
    builder = binding.create_pass_builder(generator._tm, options)
    manager = builder.getModulePassManager()
    manager.add_refprune_pass()
    manager.run(module, builder)
