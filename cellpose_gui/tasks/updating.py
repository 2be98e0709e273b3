"""What the workers of updates do: read the releases in a store, fetch one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_core.errors import Cancelled

if TYPE_CHECKING:
    from cellpose_gui.tasks.task_runner import Cancel, Progress
    from model_core.community.releases import Release, Releases


@dataclass(frozen=True)
class Found:
    """The releases of a store, and the names of those that are here already."""

    address: str
    releases: Releases
    here: frozenset[str]

    @property
    def newest(self) -> Release | None:
        """The release that counts, if it is not here yet."""
        current = self.releases.current
        return None if current is None or current in self.here else self.releases.get(current)


def look(address: str) -> Found:
    """Asks a store for its releases. Raises UserError."""
    from model_core.community.releases import read_releases
    from model_core.community.store import Store
    from model_core.models.registry import model_names

    store = Store(address)
    return Found(address, read_releases(store), frozenset(model_names()))


def take(address: str, release: Release, progress: Progress, cancel: Cancel) -> str:
    """Puts a release beside the person's models; its name there.

    Raises:
        UserError: it is damaged or too large, or the store or the disk refuses.
        Cancelled: nothing is left of it.
    """
    from model_core.community.releases import download
    from model_core.community.store import Store

    def report(share: float) -> None:
        if cancel():
            raise Cancelled
        progress(share, f"Fetching {release.name}")

    return download(Store(address), release, report).stem
