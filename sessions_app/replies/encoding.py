"""A reply as JSON. Needs neither Django nor REST framework."""

import msgspec

from sessions_app.replies.values import Reply

_ENCODER = msgspec.json.Encoder(enc_hook=str.__str__)  # sentences are texts


def encode(reply: Reply) -> bytes:
    """Compact JSON in UTF-8.

    Ids as UUIDs with hyphens, times as RFC 3339 in UTC with a `Z`, numbers as the shortest decimal that reads
    back as the same float. A field that is unset is left out. The two line ends that JSON knows and older
    JavaScript does not (U+2028, U+2029) are written as escapes, so that a reply may stand in a script.
    """
    text = _ENCODER.encode(reply)
    return text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def encode_for_people(reply: Reply, indent: int = 2) -> bytes:
    """The same over many lines."""
    return msgspec.json.format(encode(reply), indent=indent)
