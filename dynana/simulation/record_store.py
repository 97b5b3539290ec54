"""Where the samples of a recording stand: in memory, or in files that are part of memory while the run lasts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dynana.simulation.grid import LARGEST_SHARE, machine_memory

#: A recorded quantity: its name, and its numbers of samples and of cells.
Quantity = tuple[str, tuple[int, int]]


class MemoryStore:
    """Arrays of samples in memory."""

    def __init__(self, wanted: Sequence[Quantity]) -> None:
        self.arrays: list[np.ndarray] = [np.zeros(shape) for _, shape in wanted]

    def finished(self, counts: Sequence[int]) -> list[np.ndarray]:
        """Return the samples that have been taken, so many of each quantity."""
        return [array[:count] for array, count in zip(self.arrays, counts, strict=True)]


class FolderStore:
    """Arrays of samples in files of numpy's format, ``POPULATION.QUANTITY.npy``, through the memory of the system."""

    def __init__(self, wanted: Sequence[Quantity], folder: Path) -> None:
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


def store_for(wanted: Sequence[Quantity], folder: str | Path | None) -> MemoryStore | FolderStore:
    """Return room for samples.

    Parameters
    ----------
    wanted : sequence of (name, (samples, cells))
    folder : path, optional
        Where the files are made; memory is taken if None.

    Raises
    ------
    ValueError
        If it does not fit into the memory of this machine, or onto the disk; or a file is there already.
    NotADirectoryError
        There is no such folder.
    """
    need = 8 * sum(samples * cells for _, (samples, cells) in wanted)
    what = f"recording {', '.join(name for name, _ in wanted)} takes {need / 2**30:.3g} GiB"
    less = "record fewer cells or less often: dn.record(..., cells=..., every=...)"
    if folder is None:
        memory = machine_memory()
        if need > LARGEST_SHARE * memory:
            raise ValueError(
                f"{what}, and this machine has {memory / 2**30:.3g}: {less}; or give record_to=, a folder to which it "
                "is written instead."
            )
        return MemoryStore(wanted)
    place = Path(folder)
    if not place.is_dir():
        raise NotADirectoryError(f"record_to=: {place} is no folder: make it first.")
    free = shutil.disk_usage(place).free
    if need > free:
        raise ValueError(f"{what}, and the disk of {place} has {free / 2**30:.3g} left: {less}.")
    return FolderStore(wanted, place)
