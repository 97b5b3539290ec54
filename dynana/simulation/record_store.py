"""Where the samples of a recording stand: in memory, or in files that are part of memory while the run lasts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

import numpy as np

from dynana.simulation.grid import LARGEST_SHARE, machine_memory

#: A recorded quantity: its name, and its numbers of samples and of cells.
Quantity = tuple[str, tuple[int, int]]


class MemoryStore:
    """Arrays of samples in memory; ``told`` is what is to be said before the run: nothing."""

    told = ""

    def __init__(self, wanted: Sequence[Quantity]) -> None:
        self.arrays: list[np.ndarray] = [np.zeros(shape) for _, shape in wanted]

    def finished(self, counts: Sequence[int]) -> list[np.ndarray]:
        """Return the samples that have been taken, so many of each quantity."""
        return [array[:count] for array, count in zip(self.arrays, counts, strict=True)]


class FolderStore:
    """Arrays of samples in files of numpy's format, ``POPULATION.QUANTITY.npy``, through the memory of the system.

    ``told`` is what is to be said before the run: what is written where, and how large it will be.
    """

    def __init__(self, wanted: Sequence[Quantity], folder: Path) -> None:
        self.told = f"{_recording(wanted)}, written to {folder}" if wanted else ""
        self.paths: list[Path] = []
        for name, _ in wanted:
            path = folder / (re.sub(r"[^\w.+-]+", "_", name) + ".npy")  # names of projections have colons and arrows
            while path in self.paths:
                path = path.with_name(f"{path.stem}_.npy")
            self.paths.append(path)
        for path in self.paths:
            if path.exists():
                raise ValueError(f"record_to=: {path} is there already: name another folder, or remove it.")
        self.arrays: list[np.ndarray] = []
        for path, (_, shape) in zip(self.paths, wanted, strict=True):
            if 0 in shape:  # nothing to be part of memory
                np.save(path, np.zeros(shape))
                self.arrays.append(np.zeros(shape))
            else:
                self.arrays.append(np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=shape))

    def finished(self, counts: Sequence[int]) -> list[np.ndarray]:
        """Return the samples that have been taken, so many of each quantity; the files end with them."""
        found = []
        for path, array, count in zip(self.paths, self.arrays, counts, strict=True):
            if isinstance(array, np.memmap):
                array.flush()
            if count < len(array):
                _cut(path, (count, array.shape[1]))
            found.append(np.load(path, mmap_mode="r" if count * array.shape[1] else None))
        return found


def _cut(path: Path, shape: tuple[int, int]) -> None:
    """Shorten a file of numpy's format, whose header has room for any number of rows."""
    with path.open("r+b") as file:
        np.lib.format.read_magic(file)
        _, order, kind = np.lib.format.read_array_header_1_0(file)
        end = file.tell()
        file.seek(0)
        header = {"shape": shape, "fortran_order": order, "descr": np.lib.format.dtype_to_descr(kind)}
        np.lib.format.write_array_header_1_0(file, header)
        assert file.tell() == end
        file.truncate(end + 8 * shape[0] * shape[1])


def store_for(
    wanted: Sequence[Quantity], folder: str | Path | None, budget: float | None = None
) -> MemoryStore | FolderStore:
    """Return room for samples.

    Parameters
    ----------
    wanted : sequence of (name, (samples, cells))
    folder : path, optional
        Where the files are made; memory is taken if None.
    budget : float, optional
        Bytes up to which memory is taken all the same. Without a folder, more is refused.

    Raises
    ------
    ValueError
        If it does not fit into the memory of this machine or into the budget, or onto the disk; or a file is there
        already.
    NotADirectoryError
        There is no such folder.
    """
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, Real) or not budget >= 0):
        raise ValueError(f"memory_budget = {budget!r}: expected a number of bytes, such as 2 * 2**30 for 2 GiB")
    need = 8 * sum(samples * cells for _, (samples, cells) in wanted)
    what = _recording(wanted)
    less = "record fewer cells or less often: dn.record(..., cells=..., every=...)"
    place = None if folder is None else Path(folder)
    if place is not None and not place.is_dir():
        raise NotADirectoryError(f"record_to=: {place} is no folder: make it first.")
    if place is None or (budget is not None and need <= budget):
        memory = machine_memory()
        limit, known = LARGEST_SHARE * memory, f"this machine has {_size(memory)}"
        if budget is not None and budget < limit:
            limit, known = budget, f"memory_budget= is {_size(budget)}"
        if need > limit:
            raise ValueError(
                f"{what}, and {known}: {less}; or give record_to=, a folder to which it is written instead."
            )
        return MemoryStore(wanted)
    free = shutil.disk_usage(place).free
    if need > free:
        raise ValueError(f"{what}, and the disk of {place} has {_size(free)} left: {less}.")
    return FolderStore(wanted, place)


def _recording(wanted: Sequence[Quantity]) -> str:
    """Return in words how large a recording is."""
    sizes = [8 * samples * cells for _, (samples, cells) in wanted]
    parts = ", ".join(f"{name} ({_size(size)})" for (name, _), size in zip(wanted, sizes, strict=True))
    return f"recording {parts} takes {_size(sum(sizes))}"


def _size(count: float) -> str:
    """Return a number of bytes in words."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} bytes"
