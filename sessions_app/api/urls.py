"""The addresses of the API, below each of `versions.ROOTS`."""

from django.urls import path, register_converter
from django.urls.converters import PathConverter

from sessions_app.api import (
    authoring,
    inviting,
    named_tests,
    operations,
    privacy,
    reports,
    sitting,
    supervision,
)
from sessions_app.api.calibrations import (
    CalibrationListView,
    CalibrationView,
    CancelCalibrationView,
    PublishCalibrationView,
    ResponseImportView,
    ResponseMatrixView,
)
from sessions_app.api.class_tests import (
    ClassResultsView,
    ClassTestListView,
    ClassTestView,
    NewCodeView,
    SlipListView,
)
from sessions_app.api.classes import (
    ArchiveClassView,
    ClassListView,
    ClassRosterView,
    ClassStudentListView,
    ClassView,
    RemoveTeachersView,
    RestoreClassView,
    SchoolRosterView,
    StudentsOutView,
    TeachersView,
)
from sessions_app.api.importing import CancelPoolImportView, ImportView, PoolImportView, TemplateView
from sessions_app.api.invitations import InvitationStartView, InvitationView, JoinView
from sessions_app.api.jobs import CancelJobView, JobFileView, JobListView, JobView
from sessions_app.api.parameters import ParametersView
from sessions_app.api.pool_export import PoolExportView
from sessions_app.api.pool_settings import GateCheckListView, ReportingScaleView, RequirementsView
from sessions_app.api.result_export import ExportView
from sessions_app.api.revisions import RevisionListView, RevisionView
from sessions_app.api.scales import ScaleListView, ScaleView
from sessions_app.api.sharing import PoolShareView, PoolSharingView, TestShareView, TestSharingView
from sessions_app.api.simulations import CancelSimulationView, SimulationListView, SimulationView
from sessions_app.api.watches import WatchView
from sessions_app.api.webhooks import (
    ResendView,
    WebhookListView,
    WebhookMessageListView,
    WebhookTestView,
    WebhookView,
)


class AnyTextConverter(PathConverter):
    """An id as it is stored, whatever it holds: `path` matches no line break."""

    regex = r"(?s:.+)"


register_converter(AnyTextConverter, "id")

urlpatterns = [
    path("questions/upload", authoring.UploadView.as_view()),
    path("questions/<str:pool_id>/<id:question_id>", authoring.QuestionView.as_view()),
    path("pools/import", ImportView.as_view()),
    path("pools/imports/<str:import_id>", PoolImportView.as_view()),
    path("pools/imports/<str:import_id>/cancel", CancelPoolImportView.as_view()),
    path("pools/template", TemplateView.as_view()),
    path("pools", authoring.PoolListView.as_view()),
    path("pools/<str:pool_id>", authoring.PoolView.as_view()),
    path("pools/<str:pool_id>/export", PoolExportView.as_view()),
    path("pools/<str:pool_id>/default", authoring.DefaultPoolView.as_view()),
    path("pools/<str:pool_id>/parameters", ParametersView.as_view()),
    path("pools/<str:pool_id>/reporting-scale", ReportingScaleView.as_view()),
    path("pools/<str:pool_id>/requirements", RequirementsView.as_view()),
    path("pools/<str:pool_id>/requirements/checks", GateCheckListView.as_view()),
    path("pools/<str:pool_id>/sharing", PoolSharingView.as_view()),
    path("pools/<str:pool_id>/sharing/<str:username>", PoolShareView.as_view()),
    path("pools/<str:pool_id>/revisions", RevisionListView.as_view()),
    path("pools/<str:pool_id>/revisions/<str:number>", RevisionView.as_view()),
    path("pools/<str:pool_id>/questions", authoring.QuestionListView.as_view()),
    path("pools/<str:pool_id>/responses", ResponseImportView.as_view()),
    path("pools/<str:pool_id>/responses/matrix", ResponseMatrixView.as_view()),
    path("pools/<str:pool_id>/calibrations", CalibrationListView.as_view()),
    path("pools/<str:pool_id>/calibrations/<str:calibration_id>", CalibrationView.as_view()),
    path("pools/<str:pool_id>/calibrations/<str:calibration_id>/cancel", CancelCalibrationView.as_view()),
    path("pools/<str:pool_id>/calibrations/<str:calibration_id>/publish", PublishCalibrationView.as_view()),
    path("pools/<str:pool_id>/watch", WatchView.as_view()),
    path("pools/<str:pool_id>/simulations", SimulationListView.as_view()),
    path("pools/<str:pool_id>/simulations/<str:simulation_id>", SimulationView.as_view()),
    path("pools/<str:pool_id>/simulations/<str:simulation_id>/cancel", CancelSimulationView.as_view()),
    path("scales", ScaleListView.as_view()),
    path("scales/<id:scale>", ScaleView.as_view()),
    path("test/start", sitting.StartView.as_view()),
    path("invitations/read", InvitationView.as_view()),
    path("invitations/start", InvitationStartView.as_view()),
    path("invitations/join", JoinView.as_view()),
    path("test/submit", sitting.SubmitView.as_view()),
    path("test/status/<str:session_id>", sitting.StatusView.as_view()),
    path("test/begin/<str:session_id>", sitting.BeginView.as_view()),
    path("test/end/<str:session_id>", sitting.EndView.as_view()),
    path("test/<str:session_id>/organisation", sitting.OrganisationView.as_view()),
    path("test/<str:session_id>/pause", sitting.PauseView.as_view()),
    path("test/<str:session_id>/continue", sitting.ContinueView.as_view()),
    path("test/<str:session_id>/extend", supervision.ExtendView.as_view()),
    path("test/<str:session_id>/resume", supervision.ResumeView.as_view()),
    path("test/result/<str:session_id>", sitting.ResultView.as_view()),
    path("test/<str:session_id>/token", sitting.TokenView.as_view()),
    path("student/<id:student_id>/proficiency", reports.ProficiencyView.as_view()),
    path("student/<id:student_id>/history", reports.HistoryView.as_view()),
    path("student/<id:student_id>/progress", reports.ProgressView.as_view()),
    path("student/<id:student_id>/export", privacy.ExportView.as_view()),
    path("student/<id:student_id>/erase", privacy.EraseView.as_view()),
    path("sessions", reports.SessionListView.as_view()),
    path("sessions/cleanup", operations.CleanupView.as_view()),
    path("sessions/<str:session_id>/responses", reports.ResponseListView.as_view()),
    path("tests", named_tests.TestListView.as_view()),
    path("tests/<str:name>", named_tests.TestView.as_view()),
    path("tests/<str:name>/copy", named_tests.CopyTestView.as_view()),
    path("tests/<str:name>/open", named_tests.OpenTestView.as_view()),
    path("tests/<str:name>/close", named_tests.CloseTestView.as_view()),
    path("tests/<str:name>/archive", named_tests.ArchiveTestView.as_view()),
    path("tests/<str:name>/restore", named_tests.RestoreTestView.as_view()),
    path("tests/<str:name>/sharing", TestSharingView.as_view()),
    path("tests/<str:name>/sharing/<str:username>", TestShareView.as_view()),
    path("tests/<str:name>/invitations", inviting.InvitationListView.as_view()),
    path("tests/<str:name>/invitations/revoke", inviting.RevokeInvitationsView.as_view()),
    path("tests/<str:name>/invitations/renew", inviting.RenewInvitationsView.as_view()),
    path("tests/<str:name>/results", ExportView.as_view()),
    path("classes", ClassListView.as_view()),
    path("classes/<str:class_id>", ClassView.as_view()),
    path("classes/<str:class_id>/archive", ArchiveClassView.as_view()),
    path("classes/<str:class_id>/restore", RestoreClassView.as_view()),
    path("classes/<str:class_id>/teachers", TeachersView.as_view()),
    path("classes/<str:class_id>/teachers/remove", RemoveTeachersView.as_view()),
    path("classes/<str:class_id>/students", ClassStudentListView.as_view()),
    path("classes/<str:class_id>/students/remove", StudentsOutView.as_view()),
    path("classes/<str:class_id>/roster", ClassRosterView.as_view()),
    path("classes/<str:class_id>/tests", ClassTestListView.as_view()),
    path("classes/<str:class_id>/tests/<str:name>", ClassTestView.as_view()),
    path("classes/<str:class_id>/tests/<str:name>/code", NewCodeView.as_view()),
    path("classes/<str:class_id>/tests/<str:name>/slips", SlipListView.as_view()),
    path("classes/<str:class_id>/tests/<str:name>/results", ClassResultsView.as_view()),
    path("rosters", SchoolRosterView.as_view()),
    path("jobs", JobListView.as_view()),
    path("jobs/<str:job_id>", JobView.as_view()),
    path("jobs/<str:job_id>/file", JobFileView.as_view()),
    path("jobs/<str:job_id>/cancel", CancelJobView.as_view()),
    path("webhooks", WebhookListView.as_view()),
    path("webhooks/<str:webhook_id>", WebhookView.as_view()),
    path("webhooks/<str:webhook_id>/test", WebhookTestView.as_view()),
    path("webhooks/<str:webhook_id>/messages", WebhookMessageListView.as_view()),
    path("webhooks/<str:webhook_id>/messages/<str:message_id>/resend", ResendView.as_view()),
    path("debug/redis/stats", operations.RedisStatisticsView.as_view()),
]
