"""Who may do what at the desk: the permissions that count in the admin and over the API, and no others; and
how far a colleague has to share a test or pool for it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import Http404

from organisations.acting import sees_own_alone
from organisations.sharing import Level
from sessions_app.preparing import shelf as tests
from testing_engine.authoring import shelf as pools

TEST, POOL = "test_id", "pool_id"  # an address names it so
_LEVELS: dict[str, Callable[[Any], Level | None]] = {TEST: tests.level_on, POOL: pools.level_on}


class Right(NamedTuple):
    """Something that one of these permissions allows; with a test or pool (`of`), from this level on."""

    any_of: tuple[str, ...]
    of: str = ""
    needs: Level = Level.SEE

    def reaches(self, level: Level, of: str) -> bool:
        """Whether that much of such a thing is enough."""
        return of != self.of or level >= self.needs

    def is_held_by(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        return not self.any_of or any(user.has_perm(name) for name in self.any_of)  # type: ignore[union-attr]


ENTER = Right(())  # whoever may enter the admin
SEE_POOLS = Right(("testing_engine.view_questionpool", "testing_engine.author_pools"), POOL)
MAKE_POOLS = Right(("testing_engine.author_pools",), POOL, Level.CHANGE)
COPY_POOLS = Right(("testing_engine.author_pools",), POOL, Level.KEYS)  # who has a copy has its keys
EXPORT_POOLS = Right(("testing_engine.export_pools",), POOL, Level.KEYS)  # with their answer keys
PUBLISH_CALIBRATIONS = Right(("sessions_app.publish_calibrations",), POOL, Level.CHANGE)
# Who writes a question sees its key.
WRITE_QUESTIONS = Right(("testing_engine.change_question",), POOL, Level.CHANGE)
# The frame in which a question is shown as students see it: written, or in a test that is tried.
SEE_AS_STUDENT = Right(("testing_engine.change_question", "sessions_app.change_namedtest"))
# With their key.
SEE_QUESTIONS = Right(("testing_engine.view_question", "testing_engine.change_question"), POOL, Level.KEYS)
SEE_TESTS = Right(("sessions_app.view_namedtest",), TEST)
COPY_TESTS = Right(("sessions_app.change_namedtest",), TEST)  # and try them
CHANGE_TESTS = Right(("sessions_app.change_namedtest",), TEST, Level.CHANGE)
INVITE = Right(("sessions_app.add_invitation",), TEST, Level.CHANGE)
SEE_SESSIONS = Right(("sessions_app.view_testsession",))
SUPERVISE = Right(("sessions_app.operate_service",))  # tests that run: more time, an end
SEE_RESULTS = Right(("sessions_app.report_results",))
TEACH = Right(("sessions_app.teach_classes", "sessions_app.manage_classes"))  # own classes
GIVE_TESTS = Right(("sessions_app.add_invitation",))  # to one's own classes
DESCRIBE_OWN = Right(("organisations.change_organisation",))  # the organisation: its name, logo, colour
MANAGE_CLASSES = Right(("sessions_app.manage_classes",))  # all, and rosters of a whole school

ALL = {
    "see_pools": SEE_POOLS,
    "make_pools": MAKE_POOLS,
    "copy_pools": COPY_POOLS,
    "export_pools": EXPORT_POOLS,
    "publish_calibrations": PUBLISH_CALIBRATIONS,
    "write_questions": WRITE_QUESTIONS,
    "see_questions": SEE_QUESTIONS,
    "see_tests": SEE_TESTS,
    "copy_tests": COPY_TESTS,
    "change_tests": CHANGE_TESTS,
    "invite": INVITE,
    "see_sessions": SEE_SESSIONS,
    "supervise": SUPERVISE,
    "see_results": SEE_RESULTS,
    "teach": TEACH,
    "manage_classes": MANAGE_CLASSES,
    "describe_own": DESCRIBE_OWN,
    "give_tests": GIVE_TESTS,
}


def rights_of(
    user: AbstractBaseUser | AnonymousUser, of: str = "", level: Level = Level.OWN
) -> dict[str, bool]:
    """What a template asks: by name, whether the user may, on a page of something shared so far."""
    return {name: right.is_held_by(user) and right.reaches(level, of) for name, right in ALL.items()}


def shared_so_far(named: Mapping[str, Any]) -> tuple[str, Level]:
    """What the address names that can be a colleague's, and how much of it whoever acts has. Raises `Http404`
    where they find no such thing; to who sees all, the page itself says so."""
    for of, level_on in _LEVELS.items():
        if of in named:
            if not sees_own_alone():
                return of, Level.OWN
            if (level := level_on(named[of])) is None:
                raise Http404
            return of, level
    return "", Level.OWN
