"""Which reader a file goes to."""

import pytest

from testing_engine.interchange.imported import Upload
from testing_engine.interchange.readers import format_of, read_upload


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.xml", b"<?xml version='1.0'?><quiz></quiz>", "moodle_xml"),
        ("a.gift", b"::A:: x {T}", "gift"),
        ("a.txt", b"x {=a ~b}", "gift"),
        ("a.txt", b"Q?\nA. a\nB. b\nANSWER: A", "aiken"),
        ("a.csv", b"id,content\n1,x {=a}", "csv"),
        ("a.txt", b"id\tcontent", "csv"),
        ("a.json", b'{"questions": []}', "json"),
    ],
)
def test_a_format_is_found(name: str, content: bytes, expected: str) -> None:
    assert format_of(Upload(name, content)) == expected


def test_a_format_can_be_named() -> None:
    assert read_upload(Upload("paste", b"x {T}"), "gift").format == "gift"
