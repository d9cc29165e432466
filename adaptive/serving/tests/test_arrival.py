"""When a request is whole: the same answer however its bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive.serving.arrival import MOST_HEAD, Arrival, TooLarge

MOST_BODY = 1000
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    HEAD + b"Content-Length: 0\r\n\r\n",
    HEAD + b"content-length:  5  \r\n\r\nhello",
    CHUNKED + b"0\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n00a;x=y\r\n0123456789\r\n0\r\n\r\n",
    CHUNKED + b"2\r\n\r\n\r\n0\r\nX: 1\r\nY: 2\r\n\r\n",
]


@given(st.sampled_from(WHOLE), st.binary(max_size=40), st.data())
def test_it_ends_where_it_ends_whatever_comes_behind(
    whole: bytes, behind: bytes, data: st.DataObject
) -> None:
    sent = whole + behind
    cuts = sorted(data.draw(st.sets(st.integers(0, len(sent)), max_size=8)) | {len(sent)})
    arrival, buffer = Arrival(MOST_BODY), bytearray()
    for begin, end in zip([0, *cuts], cuts, strict=False):
        buffer += sent[begin:end]
        assert arrival.is_whole(buffer) == (len(buffer) >= len(whole))
    assert arrival.end == len(whole)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MOST_HEAD + b"\r\n\r\n", 431),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (MOST_BODY + 1), 413),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (CHUNKED + b"FFFFFF\r\n", 413),
        (CHUNKED + b"0\r\nX: " + b"x" * (MOST_HEAD + 9), 431),
    ],
)
def test_it_refuses_what_is_too_large_before_it_is_there(sent: bytes, status: int) -> None:
    with pytest.raises(TooLarge) as refused:
        Arrival(MOST_BODY).is_whole(bytearray(sent))
    assert refused.value.status == status


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: five\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        CHUNKED + b"five\r\n",
        CHUNKED + b"5" * 2000,
    ],
)
def test_what_is_malformed_counts_as_whole(sent: bytes) -> None:
    """gunicorn's parser says what is wrong with it."""
    assert Arrival(MOST_BODY).is_whole(bytearray(sent))
