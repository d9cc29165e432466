"""Values that are made quickly are the frozen dataclasses that they look like."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace

import pytest

from testing_engine.psychometrics.values import quickly_made


@quickly_made
@dataclass(frozen=True)
class Quick:
    first: int
    second: str = "b"
    third: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("below 0")


def test_it_is_a_frozen_dataclass() -> None:
    value = Quick(1, third=(2,))
    assert (value.first, value.second, value.third) == (1, "b", (2,))
    assert is_dataclass(value)
    assert [field.name for field in fields(value)] == ["first", "second", "third"]
    assert value == Quick(1, "b", (2,)) != Quick(1)
    assert hash(value) == hash(Quick(1, "b", (2,)))
    assert repr(value).endswith("Quick(first=1, second='b', third=(2,))")
    assert replace(value, second="c") == Quick(1, "c", (2,))
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value  # noqa: S301  # our own
    with pytest.raises(FrozenInstanceError):
        value.first = 2  # type: ignore[misc]


def test_what_no_dataclass_takes_it_takes_neither() -> None:
    with pytest.raises(TypeError, match=r"Quick\.__init__"):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="fourth"):
        Quick(1, fourth=1)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="below 0"):
        Quick(-1)
