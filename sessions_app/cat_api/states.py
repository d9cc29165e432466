"""`sessionState`: which session, and which stage was handed out last. Opaque to the client, and signed."""

from uuid import UUID

from django.core import signing

from sessions_app.cat_api.errors import refuse

FIELD = "sessionState"
_SALT = "sessions_app.cat_api.state"
_VERSION = "v1"


def make_state(session_id: UUID, stage: int) -> str:
    return signing.Signer(salt=_SALT).sign(f"{_VERSION}.{stage}.{session_id.hex}")


def read_state(state: object, session_id: UUID) -> int | None:
    """The number of the stage; None where the client sends none back. Raises `CatRefused`."""
    if state in (None, ""):
        return None
    try:
        version, stage, session = signing.Signer(salt=_SALT).unsign(str(state)).split(".")
    except (signing.BadSignature, ValueError) as error:
        raise refuse(FIELD, "was not made here, or was changed") from error
    if version != _VERSION or session != session_id.hex:
        raise refuse(FIELD, "is of another session")
    return int(stage)
