"""A learning platform, by other people's code (`lti1p3platform`), with its own HTTP server.

It launches, gives access tokens for what we sign, takes scores and tells who is in a course, as its library
has it; only what a platform would keep in its database stands here.
"""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lti1p3platform.exceptions import LtiException, LtiServiceException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.membership import Context
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request
from lti1p3platform.score import UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService, NamesRoleProvisioningService

from sessions_app.models import LtiRegistration

LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
TEACHER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
SECOND_PAGE = "Ym9vazpR"  # platforms mark pages as they like: capitals are part of it
CLIENT_ID, DEPLOYMENT = "client-1", "deployment-1"


def key_pair() -> tuple[str, str]:
    """(public, private), as PEM."""
    pair = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return public.decode(), private.decode()


class _Asked(Request):  # type: ignore[misc]
    def build_metadata(self, request: Any) -> Any:
        return request


class _Configuration(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
    def init_platform_config(self, **kwargs: Any) -> None:
        self._registration = kwargs["registration"]

    def get_registration_by_params(self, **kwargs: Any) -> Registration:
        assert self._registration is not None
        return self._registration


class _LogIn(OIDCLoginAbstract):  # type: ignore[misc]
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = "link-1"

    def get_redirect(self, url: str) -> str:
        return url


class _Launch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]
    def render_launch_form(self, launch_data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return launch_data


class _Gradebook(AssignmentsGradesService):  # type: ignore[misc]
    school: "School"

    def update_score(self, line_item_id: str, score: Any) -> UpdateScoreStatus:
        newest = self.school.newest.get(score["userId"])
        if newest is not None and score["timestamp"] < newest:
            return UpdateScoreStatus.OLD_TIMESTAMP
        self.school.newest[score["userId"]] = score["timestamp"]
        self.school.scores.append(score)
        return UpdateScoreStatus.SUCCESS

    def _unused(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    find_lineitems = find_lineitem = create_lineitem = update_lineitem = _unused
    delete_lineitem = get_results = _unused


class _Roster(NamesRoleProvisioningService):  # type: ignore[misc]
    school: "School"

    def get_context_by_id(self) -> Context:
        return Context("course-1", "M8", "Mathematics 8b")

    def get_member_data_page(self, **_: Any) -> Any:
        is_second = self.request.get_data.get("page") == SECOND_PAGE
        members = self.school.members_on_second_page if is_second else self.school.members
        return {"content": list(members), "has_next": False, "next": None}


class School:
    """`newest`: by user, the time of the newest score. `failing`: what every service answers instead."""

    def __init__(self) -> None:
        self.scores: list[dict[str, Any]] = []
        self.newest: dict[str, str] = {}
        self.members: list[dict[str, Any]] = []
        self.members_on_second_page: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.failing: int | None = None
        self.registered: dict[str, Any] | None = None
        public, private = key_pair()
        self.registration = Registration()
        self.registration.set_platform_public_key(public).set_platform_private_key(private)
        self.registration.set_client_id(CLIENT_ID).set_deployment_id(DEPLOYMENT)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.registration.set_iss(self.root)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def knows(self, tool: str, key_set: Any = None) -> None:
        """Where this service is; `key_set`: its keys, else they are read from there."""
        self.registration.set_oidc_login_url(f"{tool}/lti/login").set_launch_url(f"{tool}/lti/launch")
        self.registration.set_deeplink_launch_url(f"{tool}/lti/launch")
        self.registration.set_tool_key_set_url(f"{tool}/lti/jwks").set_tool_key_set(key_set)

    @property
    def configuration(self) -> _Configuration:
        return _Configuration(registration=self.registration)

    @property
    def line_item(self) -> str:
        return f"{self.root}/items/1"

    def row(self, **fields: Any) -> LtiRegistration:
        """This platform as an administrator here would enter it."""
        known = {
            "name": "School",
            "issuer": self.root,
            "client_id": CLIENT_ID,
            "deployment_ids": [DEPLOYMENT],
            "auth_url": f"{self.root}/auth?for=us",
            "token_url": f"{self.root}/token",
            "keyset_url": f"{self.root}/keys",
        }
        return LtiRegistration.objects.create(**{**known, **fields})

    def log_in_address(self, user: str = "ada") -> str:
        """Where the browser goes first."""
        log_in = _LogIn(None, self.configuration)
        log_in.set_lti_message_hint()
        return str(log_in.initiate_login(user))

    def answer(
        self,
        question: str,
        user: str = "ada",
        roles: tuple[str, ...] = (LEARNER,),
        *,
        custom: dict[str, str] | None = None,
        deep_linking: bool = False,
        claims: dict[str, Any] | None = None,
        drop: tuple[str, ...] = (),
        named: tuple[str, str] | None = None,
        expires: int = 300,
        sign: Callable[[dict[str, Any]], str] | None = None,
    ) -> dict[str, str]:
        """What the platform posts to the redirect address, for the question that this service asked it."""
        asked = dict(parse_qsl(urlsplit(question).query))
        request = {"get_data": asked, "form_data": {}, "headers": {}, "method": "GET", "path": "/auth"}
        launch = _Launch(_Asked({**request, "json": None, "content_type": None}), self.configuration)
        name, email = named or (None, None)
        launch.set_user_data(user, list(roles), full_name=name, email_address=email)
        if deep_linking:
            launch.set_dl(f"{self.root}/chosen", extra_data={"course": "course-1"})
        else:
            launch.set_resource_link_claim("link-1", title="A test")
        launch.set_launch_context_claim("course-1", context_title="Mathematics 8b")
        launch.set_custom_parameters_claim({"test": "algebra"} if custom is None else custom)
        launch.set_ags(f"{self.root}/items", self.line_item)
        launch.set_nrps(f"{self.root}/members")
        launch.set_extra_claims(claims or {})
        launch.set_id_token_expiration(expires)
        if sign is not None or drop:
            ours = sign or (lambda said: self.registration.platform_encode_and_sign(said, expiration=expires))
            launch._registration = self.registration
            launch.validate_preflight_response(asked)
            said, state = launch.get_launch_data()
            return {"state": state, "id_token": ours({k: v for k, v in said.items() if k not in drop})}
        form = launch.lti_launch()
        assert form["launch_url"] == asked["redirect_uri"]
        return {"state": form["state"], "id_token": form["id_token"]}

    def chosen(self, answer: str) -> list[dict[str, Any]]:
        """What a teacher chose, from our signed answer."""
        items: list[dict[str, Any]] = self.configuration.validate_deeplinking_resp({"JWT": answer})
        return items

    def serve(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        """(status, JSON)"""
        address = urlsplit(path)
        self.asked.append(f"{method} {address.path}")
        if self.failing is not None and address.path != "/keys":
            return self.failing, {"error": "as the test has it"}
        if address.path == "/keys":
            configuration = self.configuration
            return 200, configuration.get_jwks()
        if address.path == "/token":
            return 200, self.configuration.get_access_token(dict(parse_qsl(body.decode())))
        if address.path == "/configuration":
            return 200, self.about()
        if address.path == "/registrations":
            self.registered = json.loads(body)
            tool = {"deployment_id": DEPLOYMENT}
            return 201, {
                "client_id": "client-2",
                "https://purl.imsglobal.org/spec/lti-tool-configuration": tool,
            }
        asked = {
            "method": method,
            "headers": headers,
            "get_data": dict(parse_qsl(address.query)),
            "json": json.loads(body) if body else None,
            "form_data": {},
            "content_type": headers.get("Content-Type"),
            "path": address.path,
        }
        try:
            if address.path == "/members":
                roster = _Roster(_Asked(asked), self.configuration, f"{self.root}/members")
                roster.school = self
                reply = roster.handle_get_members()
            else:
                book = _Gradebook(_Asked(asked), self.configuration, f"{self.root}/items", self.line_item)
                book.school = self
                reply = book.handle_update_score("1")
        except LtiServiceException as refused:
            return refused.status_code, {"error": refused.message}
        return reply.code, reply.result

    def about(self) -> dict[str, Any]:
        """As dynamic registration has it."""
        return {
            "issuer": self.root,
            "authorization_endpoint": f"{self.root}/auth",
            "token_endpoint": f"{self.root}/token",
            "jwks_uri": f"{self.root}/keys",
            "registration_endpoint": f"{self.root}/registrations",
            PLATFORM: {"product_family_code": "moodle"},
        }


def _handler(school: School) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, content = school.serve(self.command, self.path, self.headers, body)
            except LtiException as refused:
                status, content = 400, {"error": str(refused)}
            sent = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            if self.path == "/members" and school.members_on_second_page:
                self.send_header("Link", f'<{school.root}/members?page={SECOND_PAGE}>; rel="next"')
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _serve  # noqa: N815  as the library calls them

        def log_message(self, *args: object) -> None: ...

    return Handler
