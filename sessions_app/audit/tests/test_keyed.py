"""HMACs with a key that stays ready."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.audit.keyed import Keyed


@given(st.binary(max_size=200), st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_it_is_the_standard_librarys(key: bytes, messages: list[bytes]) -> None:
    """Message after message, by keys shorter and longer than a block."""
    keyed = Keyed(key)
    assert [keyed.digest(each) for each in messages] == [
        hmac.digest(key, each, "sha256") for each in messages
    ]
