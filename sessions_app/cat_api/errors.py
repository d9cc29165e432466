"""What the protocol says when it refuses: `imsx_StatusInfo`."""

from collections.abc import Iterable

# HTTP status of each minor code; the published vocabulary has no others.
INVALID = "invaliddata"
UNKNOWN = "unknownobject"
STATUS = {INVALID: 422, UNKNOWN: 404}


class CatRefused(Exception):
    """A request that changes nothing, and why: `problems` are (field, message)."""

    def __init__(self, problems: Iterable[tuple[str, str]], code: str = INVALID) -> None:
        self.problems = tuple(problems)
        self.code = code
        super().__init__("; ".join(f"{field}: {told}" if field else told for field, told in self.problems))

    @property
    def status(self) -> int:
        return STATUS[self.code]


def refuse(field: str, message: str) -> CatRefused:
    """One thing is wrong."""
    return CatRefused([(field, message)])


def unknown(message: str) -> CatRefused:
    """There is no such section or session, or it is somebody else's."""
    return CatRefused([("", message)], UNKNOWN)
