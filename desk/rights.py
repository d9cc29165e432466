"""Who may do what at the desk: the permissions that count in the admin and over the API, and no others."""

from typing import NamedTuple

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser


class Right(NamedTuple):
    """Something that one of these permissions allows."""

    any_of: tuple[str, ...]

    def is_held_by(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        return not self.any_of or any(user.has_perm(name) for name in self.any_of)  # type: ignore[union-attr]


ENTER = Right(())  # whoever may enter the admin
SEE_POOLS = Right(("testing_engine.view_questionpool", "testing_engine.author_pools"))
MAKE_POOLS = Right(("testing_engine.author_pools",))
EXPORT_POOLS = Right(("testing_engine.export_pools",))  # with their answer keys
PUBLISH_CALIBRATIONS = Right(("sessions_app.publish_calibrations",))
# Who writes a question sees its key.
WRITE_QUESTIONS = Right(("testing_engine.change_question",))
# The frame in which a question is shown as students see it: written, or in a test that is tried.
SEE_AS_STUDENT = Right(("testing_engine.change_question", "sessions_app.change_namedtest"))
SEE_QUESTIONS = Right(("testing_engine.view_question", "testing_engine.change_question"))  # with their key
SEE_TESTS = Right(("sessions_app.view_namedtest",))
CHANGE_TESTS = Right(("sessions_app.change_namedtest",))
INVITE = Right(("sessions_app.add_invitation",))
SEE_SESSIONS = Right(("sessions_app.view_testsession",))
SUPERVISE = Right(("sessions_app.operate_service",))  # tests that run: more time, an end
SEE_RESULTS = Right(("sessions_app.report_results",))
TEACH = Right(("sessions_app.teach_classes", "sessions_app.manage_classes"))  # own classes
GIVE_TESTS = Right(("sessions_app.add_invitation",))  # to one's own classes
MANAGE_CLASSES = Right(("sessions_app.manage_classes",))  # all, and rosters of a whole school

ALL = {
    "see_pools": SEE_POOLS,
    "make_pools": MAKE_POOLS,
    "export_pools": EXPORT_POOLS,
    "publish_calibrations": PUBLISH_CALIBRATIONS,
    "write_questions": WRITE_QUESTIONS,
    "see_questions": SEE_QUESTIONS,
    "see_tests": SEE_TESTS,
    "change_tests": CHANGE_TESTS,
    "invite": INVITE,
    "see_sessions": SEE_SESSIONS,
    "supervise": SUPERVISE,
    "see_results": SEE_RESULTS,
    "teach": TEACH,
    "manage_classes": MANAGE_CLASSES,
    "give_tests": GIVE_TESTS,
}


def rights_of(user: AbstractBaseUser | AnonymousUser) -> dict[str, bool]:
    """What a template asks: by name, whether the user may."""
    return {name: right.is_held_by(user) for name, right in ALL.items()}
