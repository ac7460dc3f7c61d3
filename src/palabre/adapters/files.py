"""Blobs as files in a folder."""

import asyncio
import os
import shutil
from pathlib import Path

from palabre.domain.ids import BlobId


class FileBlobs:
    """The ports `rooms.ports.Blobs` and `api.ports.BlobFiles`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put_file(self, blob: BlobId, path: Path) -> None:
        """See `Blobs`."""
        await asyncio.to_thread(self._keep, blob, path)

    def path(self, blob: BlobId) -> Path | None:
        """See `BlobFiles`."""
        found = self._place(blob)
        return found if found.is_file() else None

    def _keep(self, blob: BlobId, source: Path) -> None:
        """Copies beside the place, then renames: readers see the whole blob or none."""
        place = self._place(blob)
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_suffix(".partial")
        with source.open("rb") as old, partial.open("wb") as new:
            shutil.copyfileobj(old, new)
            new.flush()
            os.fsync(new.fileno())
        partial.replace(place)
        _sync_folder(place.parent)

    def _place(self, blob: BlobId) -> Path:
        """Spread over folders by the id's last two characters. Raises ValueError for what is not an id."""
        if not blob.replace("_", "").isalnum():
            raise ValueError("not a blob id")
        return self._folder / blob[-2:] / blob


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
