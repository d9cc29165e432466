"""Whose a test or pool is, and with whom it is shared."""

from typing import Annotated, Literal, cast

from msgspec import Meta

from organisations import sharing
from organisations.sharing import Kept
from sessions_app.replies.values import Reply

SharedLevel = Literal["see", "keys", "change"]


class ShareReply(Reply, frozen=True):
    username: str
    name: Annotated[str, Meta(description="What the person is called.")]
    level: SharedLevel


class SharingReply(Reply, frozen=True):
    made_by: Annotated[
        str | None, Meta(description="The username of whose it is; null: nobody's, so everybody's who may.")
    ]
    everybody_sees: Annotated[
        bool, Meta(description="Whether colleagues see it with whom it is not shared, too.")
    ]
    shares: list[ShareReply]


def sharing_of(row: Kept) -> SharingReply:
    return SharingReply(
        made_by=None if row.made_by is None else row.made_by.get_username(),
        everybody_sees=row.everybody_sees,
        shares=[
            ShareReply(
                username=user.get_username(), name=sharing.called(user), level=cast(SharedLevel, level.label)
            )
            for user, level in sharing.shared_with(row)
        ],
    )
