"""The rows, one module a subject; every other wing imports them from here.

Imports of ours only the engine's rows. What writes a row stands in the wing that owns it: `sitting` writes
sessions, answers and events; `administration` writes students' identities and invitations.
"""

from sessions_app.models.answers import TestResponse
from sessions_app.models.api_clients import ApiClient
from sessions_app.models.archives import Archive, ArchivedSession
from sessions_app.models.cat_api import CatSection, CatSitting, CatStage
from sessions_app.models.classes import (
    Accommodation,
    ClassMember,
    ClassTeacher,
    ClassTest,
    RosterPerson,
    SchoolClass,
)
from sessions_app.models.counts import (
    AbilityChange,
    AbilityCount,
    AnswerCount,
    FitSum,
    HourCount,
    ResultCount,
    SessionToCount,
)
from sessions_app.models.events import SessionEvent
from sessions_app.models.gates import GateCheck, PoolRequirements
from sessions_app.models.long_jobs import JobPiece, LongJob
from sessions_app.models.losses import LossAcknowledgement, LostAnswers
from sessions_app.models.lti import (
    LtiKey,
    LtiLink,
    LtiMessage,
    LtiPerson,
    LtiRegistration,
    LtiSitting,
    LtiSpent,
)
from sessions_app.models.mail import InvitationMail, Mailing
from sessions_app.models.measurement import Calibration, ImportedSitting, ResponseImport
from sessions_app.models.named_tests import Invitation, NamedTest, TestShare
from sessions_app.models.outgoing import Outgoing
from sessions_app.models.pool_imports import PoolImport
from sessions_app.models.result_specifications import ResultSpecification
from sessions_app.models.sessions import LiveSession, TestSession
from sessions_app.models.simulations import Simulation, SimulationPart
from sessions_app.models.students import Student, StudentProficiency
from sessions_app.models.thresholds import PoolThresholds
from sessions_app.models.watches import PoolWatch
from sessions_app.models.webhooks import Webhook, WebhookMessage

__all__ = [
    "AbilityChange",
    "AbilityCount",
    "Accommodation",
    "AnswerCount",
    "ApiClient",
    "Archive",
    "ArchivedSession",
    "Calibration",
    "CatSection",
    "CatSitting",
    "CatStage",
    "ClassMember",
    "ClassTeacher",
    "ClassTest",
    "FitSum",
    "GateCheck",
    "HourCount",
    "ImportedSitting",
    "Invitation",
    "InvitationMail",
    "JobPiece",
    "LiveSession",
    "LongJob",
    "LossAcknowledgement",
    "LostAnswers",
    "LtiKey",
    "LtiLink",
    "LtiMessage",
    "LtiPerson",
    "LtiRegistration",
    "LtiSitting",
    "LtiSpent",
    "Mailing",
    "NamedTest",
    "Outgoing",
    "PoolImport",
    "PoolRequirements",
    "PoolThresholds",
    "PoolWatch",
    "ResponseImport",
    "ResultCount",
    "ResultSpecification",
    "RosterPerson",
    "SchoolClass",
    "SessionEvent",
    "SessionToCount",
    "Simulation",
    "SimulationPart",
    "Student",
    "StudentProficiency",
    "TestResponse",
    "TestSession",
    "TestShare",
    "Webhook",
    "WebhookMessage",
]
