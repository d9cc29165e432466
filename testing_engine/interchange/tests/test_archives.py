"""Zip files that are damaged: said so, whichever byte it is."""

import io
import zipfile

import pytest

from testing_engine.interchange.archives import Archive, ArchiveRefused
from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.interchange.readers import read_upload


def zipped(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("imsmanifest.xml", "<manifest/>")
        archive.writestr("item.xml", "<item/>" * 9)
    return made.getvalue()


def moved(content: bytes, by: int) -> bytes:
    """Its end says that the list of files begins elsewhere: then a file would begin before the first byte."""
    said = int.from_bytes(content[-6:-2], "little")
    return content[:-6] + (said + by).to_bytes(4, "little") + content[-2:]


def test_a_file_that_would_begin_before_the_archive_is_broken() -> None:
    with pytest.raises(ArchiveRefused, match="broken"):
        Archive(moved(zipped(), 13)).read("imsmanifest.xml")
    with pytest.raises(UploadRefused):
        read_upload(Upload("exam.zip", moved(zipped(), 13)))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_no_byte_of_it_makes_an_error_of_ours(method: int) -> None:
    whole = zipped(method)
    for place in range(len(whole)):
        for damaged in (whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :], whole[:place]):
            try:
                archive = Archive(damaged)
                for name in archive.names:
                    archive.read(name)
            except ArchiveRefused:
                pass
