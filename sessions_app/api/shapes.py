"""The shapes of replies, for the OpenAPI schema alone; `replies` and the views build the real ones.

A test validates real replies against them.
"""

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers as s
from rest_framework.serializers import Serializer

from sessions_app.models import SessionEvent, TestSession
from testing_engine.models import MODELS

STATUSES = TestSession.Status.choices


def _floats(**options: object) -> s.ListField:
    return s.ListField(child=s.FloatField(), **options)  # type: ignore[arg-type]


def _texts() -> s.ListField:
    return s.ListField(child=s.CharField())


def _deadline() -> s.DateTimeField:
    return s.DateTimeField(allow_null=True, help_text="No answer is taken after it; null: no time limit.")


class Ability(Serializer[object]):
    theta = _floats()
    standard_error = _floats()


class ShownQuestion(Serializer[object]):
    id = s.CharField()
    content = s.CharField()
    options = _texts()
    concepts = _floats()
    content_html = s.CharField(required=False, help_text="With `render=html`: safe to put into a page.")
    options_html = s.ListField(
        child=s.CharField(), required=False, help_text="With `render=html`, in the order of `options`."
    )


class ConceptResult(Serializer[object]):
    name = s.CharField()
    proficiency = s.FloatField()
    proficiency_95 = _floats(min_length=2, max_length=2)


class TestSummary(Serializer[object]):
    end_reason = s.CharField()
    correct_responses = s.IntegerField()
    duration_seconds = s.FloatField(allow_null=True)
    learning_gain = s.FloatField()
    concepts = ConceptResult(many=True)


class TestTexts(Serializer[object]):
    name = s.CharField()
    title = s.CharField()
    introduction = s.CharField(allow_blank=True)
    closing = s.CharField(allow_blank=True)
    show_theta = s.BooleanField(help_text="Whether the result page may show θ.")
    allow_dont_know = s.BooleanField(help_text='Whether `null`, "I don\'t know", is taken as an answer.')


class Started(Serializer[object]):
    session_id = s.UUIDField()
    session_token = s.CharField()
    take_url = s.URLField(help_text="The student's page with this test: give this link to the student alone.")
    student_id = s.CharField()
    initial_proficiency = _floats()
    ability = Ability()
    concept_names = _texts()
    next_question = ShownQuestion()
    questions_answered = s.IntegerField(help_text="Above 0 where an invitation goes on with its test.")
    deadline = _deadline()
    test = TestTexts(allow_null=True, help_text="The named test; null: started with rules.")
    status = s.ChoiceField(choices=["started"])


class RenewedToken(Serializer[object]):
    session_id = s.UUIDField()
    session_token = s.CharField(help_text="Opens the session instead of all that were given before.")


class Continued(Serializer[object]):
    status = s.ChoiceField(choices=["continue"])
    current_proficiency = _floats()
    ability = Ability()
    next_question = ShownQuestion()
    questions_answered = s.IntegerField()
    deadline = _deadline()


class Result(Serializer[object]):
    status = s.ChoiceField(choices=STATUSES)
    final_proficiency = _floats()
    ability = Ability()
    total_questions = s.IntegerField()
    accuracy = s.FloatField()
    test_summary = TestSummary()


class PathPoint(Serializer[object]):
    questions_answered = s.IntegerField()
    proficiency = _floats()
    proficiency_95 = s.ListField(child=_floats(min_length=2, max_length=2))


class ResultWithPath(Result):
    session_id = s.UUIDField()
    concept_names = _texts()
    path = PathPoint(many=True, help_text="From before the first answer to after the last.")


class SessionStatus(Serializer[object]):
    session_id = s.UUIDField()
    status = s.ChoiceField(choices=STATUSES)
    current_proficiency = _floats()
    ability = Ability()
    concept_names = _texts()
    questions_answered = s.IntegerField()
    max_questions = s.IntegerField(help_text="The test has no more than that.")
    is_active = s.BooleanField()
    next_question = ShownQuestion(allow_null=True, help_text="What waits for an answer.")
    started_at = s.DateTimeField()
    completed_at = s.DateTimeField(allow_null=True)
    deadline = _deadline()
    test = TestTexts(allow_null=True)


class QuestionUpload(Serializer[object]):
    id = s.CharField(max_length=200)
    content = s.CharField()
    options = _texts()
    correct_answer = s.CharField(
        required=False, help_text="One of the options; rating scales give option_scores."
    )
    option_scores = s.ListField(child=s.IntegerField(min_value=0), required=False)
    concepts = _floats(help_text="Q-matrix row: 0 or more for each concept, not all 0.")
    model = s.ChoiceField(choices=MODELS, default="2PL")
    difficulty = s.FloatField(default=0.0)
    discrimination = s.FloatField(default=1.0, help_text="Above 0.")
    guessing = s.FloatField(default=0.0, help_text="Lower asymptote.")
    slipping = s.FloatField(default=0.0, help_text="1 - upper asymptote.")
    upper_asymptote = s.FloatField(default=1.0, help_text="Instead of slipping.")
    thresholds = _floats(required=False, help_text="GRM, GPCM, PCM, RSM: one a step, relative to difficulty.")
    category_slopes = _floats(required=False, help_text="NRM.")
    category_intercepts = _floats(required=False, help_text="NRM.")
    area = s.CharField(max_length=100, required=False, help_text="Content area, for content targets.")
    enemy_groups = s.ListField(
        child=s.CharField(max_length=100),
        required=False,
        help_text="Of a group, a test has one question at most.",
    )
    question_set = s.CharField(max_length=100, required=False, help_text="Questions that stay together.")


class PoolUpload(Serializer[object]):
    questions = QuestionUpload(many=True)
    name = s.CharField(max_length=200, required=False)
    concept_names = s.ListField(child=s.CharField(max_length=100), required=False)


class Uploaded(Serializer[object]):
    message = s.CharField()
    count = s.IntegerField()
    question_pool_id = s.UUIDField()


class PoolReply(Serializer[object]):
    question_pool_id = s.UUIDField()
    name = s.CharField(allow_blank=True)
    concept_names = _texts()
    concept_count = s.IntegerField()
    question_count = s.IntegerField()
    revision = s.IntegerField()
    content_hash = s.CharField()
    created_at = s.DateTimeField()


class QuestionReply(Serializer[object]):
    id = s.CharField()
    version = s.IntegerField()
    content = s.CharField()
    options = _texts()
    concepts = _floats()
    model = s.ChoiceField(choices=MODELS)
    difficulty = s.FloatField()
    discrimination = s.FloatField()
    guessing = s.FloatField()
    upper_asymptote = s.FloatField()
    thresholds = _floats()
    category_slopes = _floats()
    category_intercepts = _floats()
    area = s.CharField(allow_blank=True)
    enemy_groups = _texts()
    question_set = s.CharField(allow_blank=True)


class SessionReply(Serializer[object]):
    session_id = s.UUIDField()
    student_id = s.CharField()
    question_pool_id = s.UUIDField()
    revision = s.IntegerField()
    status = s.ChoiceField(choices=STATUSES)
    end_reason = s.CharField(allow_blank=True)
    concept_names = _texts()
    rules = s.DictField()
    current_proficiency = _floats()
    ability = Ability()
    questions_answered = s.IntegerField()
    accuracy = s.FloatField()
    started_at = s.DateTimeField()
    last_activity = s.DateTimeField()
    completed_at = s.DateTimeField(allow_null=True)


class ResponseReply(Serializer[object]):
    position = s.IntegerField()
    question_id = s.CharField()
    question_version = s.IntegerField()
    response = s.IntegerField(allow_null=True, help_text='Index of the chosen option; null: "I don\'t know".')
    score = s.IntegerField()
    is_correct = s.BooleanField()
    response_time_ms = s.IntegerField(allow_null=True)
    proficiency_after = _floats()
    ability_after = Ability()
    answered_at = s.DateTimeField()


class Proficiency(Serializer[object]):
    student_id = s.CharField()
    proficiency = _floats()
    concept_names = _texts()
    ability = Ability()
    last_updated = s.DateTimeField(allow_null=True)


class HistoryEntry(Serializer[object]):
    session_id = s.UUIDField()
    status = s.ChoiceField(choices=STATUSES)
    started_at = s.DateTimeField()
    completed_at = s.DateTimeField(allow_null=True)
    total_questions = s.IntegerField()
    accuracy = s.FloatField()
    learning_gain = s.FloatField()
    final_proficiency = _floats()
    concept_names = _texts()


class Paged(Serializer[object]):
    count = s.IntegerField()
    next = s.URLField(allow_null=True)
    previous = s.URLField(allow_null=True)


class History(Paged):
    student_id = s.CharField()
    test_sessions = HistoryEntry(many=True)


class TimelineEntry(Serializer[object]):
    session_id = s.UUIDField()
    date = s.DateTimeField()
    proficiency = _floats()
    concept_names = _texts()
    accuracy = s.FloatField()
    questions_answered = s.IntegerField()


ConceptPoint = inline_serializer(
    "ConceptPoint", {"date": s.DateTimeField(), "value": s.FloatField()}, many=True
)


class ConceptProgress(Serializer[object]):
    timeline = ConceptPoint
    improvement = s.FloatField()
    current_level = s.FloatField()


class ProgressData(Serializer[object]):
    progress_timeline = TimelineEntry(many=True)
    concept_progress = s.DictField(child=ConceptProgress())
    total_sessions = s.IntegerField()
    avg_accuracy = s.FloatField()


class Progress(Paged):
    student_id = s.CharField()
    progress_data = ProgressData()


class ExportedStudent(Serializer[object]):
    student_id = s.CharField()
    name = s.CharField(allow_blank=True)
    email = s.CharField(allow_blank=True)
    grade_level = s.CharField(allow_blank=True)
    created_at = s.DateTimeField()


class ExportedProficiency(Serializer[object]):
    concept_name = s.CharField()
    proficiency = s.FloatField()
    theta = s.FloatField()
    standard_error = s.FloatField()
    session_id = s.UUIDField(allow_null=True)
    updated_at = s.DateTimeField()


class ExportedAnswer(Serializer[object]):
    position = s.IntegerField()
    question_id = s.CharField()
    question_version = s.IntegerField()
    content = s.CharField()
    response = s.IntegerField(allow_null=True)
    response_text = s.CharField(allow_null=True)
    is_correct = s.BooleanField()
    score = s.IntegerField()
    ability_after = Ability()
    response_time_ms = s.IntegerField(allow_null=True)
    answered_at = s.DateTimeField()
    idempotency_key = s.CharField(allow_null=True)


class ExportedEvent(Serializer[object]):
    kind = s.ChoiceField(choices=SessionEvent.Kind.choices)
    after_answers = s.IntegerField()
    at = s.DateTimeField()
    reason = s.CharField(allow_blank=True)
    idempotency_key = s.CharField(allow_null=True)
    request_hash = s.CharField(allow_blank=True)


class ExportedPrior(Serializer[object]):
    theta = _floats()
    standard_deviation = _floats()


class ExportedSession(Serializer[object]):
    session_id = s.UUIDField()
    test = s.CharField(allow_null=True)
    deadline = s.DateTimeField(allow_null=True)
    status = s.ChoiceField(choices=STATUSES)
    end_reason = s.CharField(allow_blank=True)
    pool = s.CharField()
    question_pool_id = s.UUIDField()
    revision = s.IntegerField()
    concept_names = _texts()
    rules = s.DictField()
    prior = ExportedPrior()
    ability = Ability()
    questions_answered = s.IntegerField()
    correct_responses = s.IntegerField()
    started_at = s.DateTimeField()
    last_activity = s.DateTimeField()
    completed_at = s.DateTimeField(allow_null=True)
    seed = s.IntegerField()
    client = s.CharField(allow_null=True)
    token_generation = s.IntegerField()
    idempotency_key = s.CharField(allow_null=True)
    request_hash = s.CharField(allow_blank=True)
    legacy_id = s.CharField(allow_null=True)
    answers = ExportedAnswer(many=True)
    events = ExportedEvent(many=True)


AdminChange = inline_serializer("AdminChange", {"at": s.DateTimeField(), "change": s.CharField()}, many=True)


ExportedInvitation = inline_serializer(
    "ExportedInvitation",
    {
        "test": s.CharField(),
        "created_at": s.DateTimeField(),
        "revoked_at": s.DateTimeField(allow_null=True),
        "session_id": s.UUIDField(allow_null=True),
    },
    many=True,
)


class StudentExport(Serializer[object]):
    generated_at = s.DateTimeField()
    data_dictionary = s.DictField(child=s.CharField())
    student = ExportedStudent()
    proficiencies = ExportedProficiency(many=True)
    invitations = ExportedInvitation
    sessions = ExportedSession(many=True)
    admin_history = AdminChange


class Erased(Serializer[object]):
    status = s.ChoiceField(choices=["erased"])
    sessions_ended = s.IntegerField()
    sessions_kept = s.IntegerField()
    answers_kept = s.IntegerField()
    proficiencies_deleted = s.IntegerField()


class CleanedUp(Serializer[object]):
    message = s.CharField()
    sessions_removed = s.IntegerField()
    inactivity_threshold_minutes = s.IntegerField()


class RedisCounts(Serializer[object]):
    active_sessions = s.IntegerField()
    active_locks = s.IntegerField()
    cached_questions = s.IntegerField()
    memory_used_mb = s.FloatField()
    total_keys = s.IntegerField()


class RedisStatistics(Serializer[object]):
    redis_stats = RedisCounts()
    architecture = s.CharField()


class DictionaryEntry(Serializer[object]):
    table = s.CharField(required=False, help_text="With rows=dictionary alone.")
    column = s.CharField()
    type = s.ChoiceField(choices=["text", "number", "truth value", "time"])
    meaning = s.CharField()


class Exported(Serializer[object]):
    dictionary = DictionaryEntry(many=True)
    rows = s.ListField(child=s.DictField(), help_text="By the names of the dictionary.")


class FieldProblem(Serializer[object]):
    pointer = s.CharField(help_text="JSON pointer into the request body.", allow_blank=True)
    detail = s.CharField()
    code = s.CharField()


class Problem(Serializer[object]):
    """RFC 9457."""

    type = s.CharField()
    title = s.CharField()
    status = s.IntegerField()
    detail = s.CharField()
    code = s.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]  # the problem's own name
    session_status = s.ChoiceField(choices=STATUSES, required=False)
    current_question_id = s.CharField(required=False, allow_null=True)
    opens_at = s.DateTimeField(required=False, allow_null=True)
    closes_at = s.DateTimeField(required=False, allow_null=True)
