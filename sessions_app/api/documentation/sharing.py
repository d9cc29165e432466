"""For who shares a test or pool with colleagues."""

from typing import Any

from sessions_app import replies
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.serializers import Body
from sessions_app.api.sharing_requests import PoolShareRequest, SharingChange, TestShareRequest

TAG = "Sharing"
_SHARING: dict[str, Any] = {
    "made_by": "meyer",
    "everybody_sees": False,
    "shares": [{"username": "yilmaz", "name": "Deniz Yilmaz", "level": "change"}],
}
_NOBODY = {**_SHARING, "shares": []}
_WHO = (
    "For whoever made it, who sees all, and API clients that are programs; others get 403. What nobody made "
    "is everybody's who has the permission, whatever is shared."
)


def _read(kind: str) -> Endpoint:
    return Endpoint(
        f"read_{kind}_sharing",
        TAG,
        f"Whose a {kind} is, and with whom it is shared",
        reply=replies.SharingReply,
        problems=("404",),
        examples=(replied("Shared with one", _SHARING),),
    )


def _change(kind: str) -> Endpoint:
    return Endpoint(
        f"change_{kind}_sharing",
        TAG,
        f"Let all colleagues see a {kind}, or hand it over",
        description=f"{_WHO} Safe to repeat.",
        request=SharingChange,
        reply=replies.SharingReply,
        problems=("404",),
        examples=(
            asked("All may see it", {"everybody_sees": True}),
            asked("Somebody else's", {"made_by": "yilmaz"}),
            replied("All see it", {**_SHARING, "everybody_sees": True}),
        ),
    )


def _share(kind: str, request: type[Body]) -> Endpoint:
    return Endpoint(
        f"share_{kind}",
        TAG,
        f"Share a {kind} with a colleague, or change what they may",
        description=f"`username` is the name with which they log in at the desk. {_WHO} Safe to repeat.",
        request=request,
        reply=replies.SharingReply,
        problems=("404",),
        examples=(asked("All but sharing", {"level": "change"}), replied("Shared with one", _SHARING)),
    )


def _unshare(kind: str) -> Endpoint:
    return Endpoint(
        f"unshare_{kind}",
        TAG,
        f"Take a colleague's share of a {kind} back",
        description=f"{_WHO} Safe to repeat: with whom it is not shared, nothing changes.",
        reply=replies.SharingReply,
        problems=("404",),
        examples=(replied("Shared with nobody", _NOBODY),),
    )


READ_TEST, READ_POOL = _read("test"), _read("pool")
CHANGE_TEST, CHANGE_POOL = _change("test"), _change("pool")
SHARE_TEST, SHARE_POOL = _share("test", TestShareRequest), _share("pool", PoolShareRequest)
UNSHARE_TEST, UNSHARE_POOL = _unshare("test"), _unshare("pool")
