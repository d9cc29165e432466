"""This service's own addresses that platforms are told, and whether one they name is among them."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sessions_app.lti.refused import LaunchRefused

LOGIN, LAUNCH, KEYS, REGISTER = "/lti/login", "/lti/launch", "/lti/jwks", "/lti/register/"
TESTS = "/lti/tests/"


@dataclass(frozen=True)
class Addresses:
    """`root`: scheme and host of this service, as it was called: https://tests.example."""

    root: str

    @property
    def login(self) -> str:
        return self.root + LOGIN

    @property
    def launch(self) -> str:
        return self.root + LAUNCH

    @property
    def keys(self) -> str:
        return self.root + KEYS

    def of_test(self, name: str) -> str:
        return f"{self.root}{TESTS}{name}"

    def register(self, ticket: str) -> str:
        return f"{self.root}{REGISTER}{ticket}"

    def test_in(self, target: str) -> str:
        """The test that a target link names; "": none, it is the launch's own address.

        Raises `LaunchRefused` where it is an address of somebody else.
        """
        try:
            parts, own = urlsplit(target), urlsplit(self.root)
            is_ours = (parts.scheme, parts.hostname, parts.port) == (own.scheme, own.hostname, own.port)
        except ValueError as error:
            raise LaunchRefused("The target link is no address.") from error
        if not is_ours or parts.username is not None:
            raise LaunchRefused("The target link is not an address of this service.")
        if parts.path == LAUNCH:
            return ""
        name = unquote(parts.path.removeprefix(TESTS))
        if not parts.path.startswith(TESTS) or not name or "/" in name:
            raise LaunchRefused("The target link names no test of this service.")
        return name
