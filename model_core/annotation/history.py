"""All that was done to a document, in order, with a pointer: behind it lies what undo takes back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from model_core.annotation.patch import Box, PackedPatch, Patch, pack

# Patches near the pointer stay unpacked, so that undo and redo are instant; the others are kept compressed.
UNPACKED_BYTES = 256 * 2**20


class Step:
    """One entry of the history: a patch, unpacked, packed or both. Packing from another thread is safe."""

    def __init__(self, patch: Patch | PackedPatch) -> None:
        self.text = patch.text
        self._patch = patch if isinstance(patch, Patch) else None
        self._packed = patch if isinstance(patch, PackedPatch) else None

    @property
    def patch(self) -> Patch:
        """The patch as it was applied first. Raises ValueError when its bytes are damaged."""
        patch, packed = self._patch, self._packed
        if patch is not None:
            return patch
        assert packed is not None
        return packed.unpack()

    @property
    def packed(self) -> PackedPatch:
        """The compressed patch; made at the first call, which takes long for a large one."""
        patch, packed = self._patch, self._packed
        if packed is None:
            assert patch is not None
            packed = self._packed = pack(patch)
        return packed

    @property
    def box(self) -> Box:
        """Where the labels changed."""
        patch, packed = self._patch, self._packed
        if patch is not None:
            return patch.box
        assert packed is not None
        z0, z1, y0, y1, x0, x1 = packed.box
        return slice(z0, z1), slice(y0, y1), slice(x0, x1)

    @property
    def nbytes(self) -> int:
        """Memory that the unpacked labels take, whether they are unpacked now or not."""
        patch, packed = self._patch, self._packed
        if patch is not None:
            return patch.nbytes
        assert packed is not None
        return packed.nbytes

    @property
    def unpacked_bytes(self) -> int:
        """Memory that `release` would give back."""
        patch = self._patch
        return 0 if patch is None else patch.nbytes

    def unpack(self) -> None:
        """Keep the unpacked form at hand too. Raises ValueError when the bytes are damaged."""
        if self._patch is None:
            self._patch = self.patch

    def release(self) -> None:
        """Keep the compressed form only."""
        self._packed = self.packed  # set before the other goes: a reader always finds one of the two
        self._patch = None


class History:
    """The steps of a document; `position` counts those that are done, the rest can be redone."""

    def __init__(self, steps: Iterable[Step] = (), position: int | None = None) -> None:
        self.steps = list(steps)
        self.unpacked_bytes = UNPACKED_BYTES
        self.position = len(self.steps) if position is None else position
        if not 0 <= self.position <= len(self.steps):
            raise ValueError(f"position {self.position} lies outside a history of {len(self.steps)} steps")

    @property
    def undo_step(self) -> Step | None:
        """The step that undo would take back."""
        return self.steps[self.position - 1] if self.position else None

    @property
    def redo_step(self) -> Step | None:
        """The step that redo would do again."""
        return self.steps[self.position] if self.position < len(self.steps) else None

    def push(self, patch: Patch) -> None:
        """Add a patch that was just applied; what could be redone is forgotten."""
        del self.steps[self.position :]
        self.steps.append(Step(patch))
        self.position += 1

    def tidy(self) -> None:
        """Hold the steps nearest to the pointer unpacked, `unpacked_bytes` at most, the others compressed.

        Takes long where there is much to do; any thread may call it while another one edits.
        """
        steps, position = self.steps.copy(), self.position
        held = 0
        for index in sorted(range(len(steps)), key=lambda index: abs(index + 0.5 - position)):
            step = steps[index]
            if index in (position - 1, position) and step.nbytes <= self.unpacked_bytes:
                with suppress(ValueError):  # damaged: undo will say so when the user gets there
                    step.unpack()
            held += step.unpacked_bytes
            if held > self.unpacked_bytes and step.unpacked_bytes:
                held -= step.unpacked_bytes
                step.release()
