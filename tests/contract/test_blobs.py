"""Blobs, over every adapter."""

import asyncio
from pathlib import Path

import pytest

from palabre.adapters.files import FileBlobs
from palabre.domain.ids import BlobId


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"OggS" * 1000)
    return path


async def test_a_blob_is_a_copy_that_outlives_its_source(tmp_path: Path, source: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    for _ in range(2):
        await blobs.put_file(BlobId("blob_a1"), source)
    await asyncio.to_thread(source.unlink)
    kept = blobs.path(BlobId("blob_a1"))
    assert kept is not None
    assert kept.read_bytes() == b"OggS" * 1000
    assert blobs.path(BlobId("blob_b2")) is None


@pytest.mark.parametrize("strange", ["../secret", "a/b", "", ".", "blob_\x00"])
def test_what_is_not_an_id_leads_nowhere(tmp_path: Path, strange: str) -> None:
    with pytest.raises(ValueError, match="not a blob id"):
        FileBlobs(tmp_path).path(BlobId(strange))
