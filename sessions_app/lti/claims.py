"""What a launch says: names of claims, and typed readers of what somebody else wrote.

Names are those of LTI 1.3, Deep Linking 2.0, AGS 2.0 and NRPS 2.0 (1EdTech).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sessions_app.lti.refused import LaunchRefused

Claims = Mapping[str, Any]

_LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MESSAGE_TYPE = _LTI + "message_type"
VERSION = _LTI + "version"
DEPLOYMENT = _LTI + "deployment_id"
TARGET = _LTI + "target_link_uri"
RESOURCE_LINK = _LTI + "resource_link"
CONTEXT = _LTI + "context"
ROLES = _LTI + "roles"
CUSTOM = _LTI + "custom"
PRESENTATION = _LTI + "launch_presentation"
FOR_USER = _LTI + "for_user"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NAMES = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

LAUNCH, DEEP_LINK, REVIEW = "LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"

TEST = "test"  # the custom parameter that names a test

LEARNER = "Learner"
TEACHERS = {"Instructor", "TeachingAssistant", "ContentDeveloper", "Administrator", "Manager"}
ADMINISTRATOR = "Administrator"


def text(claims: Claims, name: str, longest: int = 255) -> str:
    """A text, or "" where it is left out. Raises `LaunchRefused` where it is something else, or too long."""
    value = claims.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise LaunchRefused(f"The claim {name} is no text of at most {longest} characters.")
    return value


def inner(claims: Claims, name: str) -> Claims:
    """An object, empty where it is left out. Raises `LaunchRefused`."""
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise LaunchRefused(f"The claim {name} is no object.")
    return value


def texts(claims: Claims, name: str) -> list[str]:
    """Those members of a list that are texts."""
    value = claims.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def roles_in_course(roles: Iterable[str]) -> set[str]:
    """The last parts of roles in the course itself: platforms write them with http or https, or bare.

    What somebody is in the institution says nothing of a course: a teacher there may be a student here. Of
    `membership/Instructor#TeachingAssistant` both parts count.
    """
    found: set[str] = set()
    for role in roles:
        if "/" not in role:
            found.add(role)
        elif "/membership" in role:
            of_course, _, last = role.partition("/membership")[2].partition("#")
            found |= {last, of_course.strip("/")} - {""}
    return found


def is_teacher(roles: Iterable[str]) -> bool:
    """Whether somebody teaches the course; also an administrator of the platform who has no role in it."""
    roles = list(roles)
    here = roles_in_course(roles)
    if here:
        return bool(here & TEACHERS)
    return any(role.rpartition("#")[2] == ADMINISTRATOR for role in roles)


def is_learner(roles: Iterable[str]) -> bool:
    return LEARNER in roles_in_course(roles)
