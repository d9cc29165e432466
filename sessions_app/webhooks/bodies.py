"""What a message says: which thing, and how it stands. Never an answer, a name or a key."""

from sessions_app.models import TestSession, WebhookMessage
from sessions_app.replies.encoding import encode
from sessions_app.replies.values import Reply, ability, overall_score
from sessions_app.replies.webhooks import PoolAlarmed, PoolPublished, TestNews, WebhookBody, WebhookTest
from sessions_app.reporting.levels import level_of
from sessions_app.sitting.result_specs import load_spec
from sessions_app.sitting.standing import overall_of
from testing_engine.revisions import load_plan

TEST = "webhook.test"  # somebody tries whether messages arrive


def body_of(message: WebhookMessage) -> bytes:
    """The JSON that is signed. What it tells of a test is how that stands now."""
    return encode(WebhookBody(type=message.kind, timestamp=message.happened_at, data=_data(message)))


def _data(message: WebhookMessage) -> Reply:
    if message.session is not None:
        return _news_of(message.session)
    if message.revision is not None:
        revision = message.revision
        return PoolPublished(question_pool_id=revision.pool_id, revision=revision.number)
    if message.watch is not None:
        watch = message.watch
        return PoolAlarmed(question_pool_id=watch.pool_id, night=watch.night, alarms=watch.alarms)
    return WebhookTest()


def _news_of(session: TestSession) -> TestNews:
    overall = overall_of(session)
    student = session.student
    whole = overall[0] if overall else session.theta[0] if len(session.theta) == 1 else None
    has_level = whole is not None and session.questions_counted > 0
    return TestNews(
        session_id=session.pk,
        student_id=None if student.erased_at is not None else student.external_id,
        test=session.named_test.name if session.named_test is not None else None,
        status=session.status,
        end_reason=session.end_reason,
        questions_answered=session.questions_counted,
        concept_names=list(load_plan(session.plan_id).concept_names),
        ability=ability(session.theta, session.standard_error),
        overall=overall_score(overall),
        level=level_of(whole, load_spec(session.result_spec_id)) if has_level and whole is not None else "",
    )
