"""What requests may hold. Types and ranges here; what needs the pool or the session, in the domain."""

import json
import threading
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.files import File
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BindingDict

from sessions_app.administration import supervision
from sessions_app.administration.cleanup import MOST_MINUTES
from sessions_app.models import TestSession
from sessions_app.sitting.lifecycle import TestRequest
from sessions_app.sitting.pausing import By
from sessions_app.sitting.shown import Given
from sessions_app.sitting.submission import Submission
from testing_engine.approval import LONGEST_REASON
from testing_engine.canonical import hash_of
from testing_engine.exporting import WRITERS
from testing_engine.interchange.imported import LARGEST_SEED, MOST_VARIANTS, VARIANTS
from testing_engine.interchange.names import NAME_LENGTH, identifier_in, problem_of_name
from testing_engine.interchange.questions import POOL_NAME
from testing_engine.interchange.readers import READERS
from testing_engine.interchange.table_templates import FORMS
from testing_engine.models import MODELS
from testing_engine.parameter_tables.writing import CATR_MODELS, PROGRAMS
from testing_engine.psychometrics.items.states import STATES
from testing_engine.psychometrics.rules import CatRules, RulesError

MAX_INT = 2**31 - 1
ID_LENGTH = 200
CRITERIA_KEPT = 256


class Body(serializers.Serializer[Any]):
    """A request body."""


class OftenRead(Body):
    """A request body."""

    # Each thread makes the fields once: the framework copies them for every request, which takes a tenth of a
    # `start`. They look at nothing but the value they are given.
    _of_thread = threading.local()

    @cached_property
    def fields(self) -> BindingDict:
        kept, name = self._of_thread.__dict__, type(self).__name__
        if name not in kept:
            kept[name] = super().fields
        fields: BindingDict = kept[name]
        return fields


class StrictBody(Body):
    """A body that may hold nothing else: a misspelt field would be a wish that nobody hears."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = self._unknown(data) if isinstance(data, Mapping) else {}
        try:
            found = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise serializers.ValidationError({**error.detail, **unknown}) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return found

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, str]:
        """A form may number the parts of a list: `missing[0]`."""
        told = f"Is unknown here; there are: {', '.join(self.fields)}."
        is_form = isinstance(data, MultiValueDict)
        names = ((key, key.partition("[")[0] if is_form else key) for key in data)
        return {key: told for key, name in names if name not in self.fields}


class Text(serializers.CharField):
    """Text. Blanks around it are dropped, but count for its length, as the schema counts them."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


@extend_schema_field({"type": ["string", "integer"], "minLength": 1, "maxLength": ID_LENGTH})
class Identifier(Text):
    """Somebody's or something's id. A whole number is its digits; only spaces around it are dropped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=ID_LENGTH, trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        text = identifier_in(data)
        if not isinstance(text, str):
            self.fail("invalid")
        return super().to_internal_value(text).strip(" ")

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if isinstance(data, str) and not data.strip(" ") else data)


class Name(Text):
    """What is found by its name again: so one spelling for one look."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        name = super().to_internal_value(data)
        if problem := problem_of_name(name, self.max_length or len(name)):
            raise serializers.ValidationError(f"The name {problem}.")
        return name


class Number(serializers.FloatField):
    """A JSON number: neither a truth value nor a text, both of which Python would take for one."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool | str):
            self.fail("invalid")
        return super().to_internal_value(data)


NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 1}


@extend_schema_field({"oneOf": [{"type": "number"}, NUMBERS]})
class NumberOrList(serializers.Field[list[float], Any, Any, Any]):
    """A number, or a list of numbers."""

    default_error_messages = {
        "invalid": "Must be a number or a list of numbers.",
        "range": "Must be between -1000000 and 1000000.",
    }

    def to_internal_value(self, data: Any) -> list[float]:
        values = data if isinstance(data, list) else [data]
        if not values or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            self.fail("invalid")
        return [_finite(self, value) for value in values]

    def to_representation(self, value: Any) -> Any:
        return value


def _finite(field: serializers.Field[Any, Any, Any, Any], value: float) -> float:
    if not -1e6 < value < 1e6:  # also false for an infinity that JSON can spell as 1e999
        field.fail("range")
    return float(value)


VALUES = {
    "type": "object",
    "additionalProperties": {
        "oneOf": [{"type": "string"}, {"type": "number"}, {"type": "array", "items": {"type": "string"}}]
    },
}


@extend_schema_field({"oneOf": [{"type": ["integer", "string"]}, VALUES]})
class ResponseField(serializers.Field[Given, Any, Any, Any]):
    """The answer: of a single choice an option's index or text, of any question the values of its response
    variables; or null."""

    default_error_messages = {
        "invalid": "Must be an option's index or text, an object of response variables, or null."
    }

    def to_internal_value(self, data: Any) -> int | str | dict[str, Any]:
        if isinstance(data, bool) or not isinstance(data, int | str | dict):
            self.fail("invalid")
        if isinstance(data, int) and abs(data) > MAX_INT:
            self.fail("invalid")
        value: int | str | dict[str, Any] = data
        return value

    def to_representation(self, value: Any) -> Any:
        return value


class EndCriteriaSerializer(Body):
    type = serializers.ChoiceField(
        choices=["fixed_length", "precision", "classification"], default="precision"
    )
    max_questions = serializers.IntegerField(min_value=1, max_value=1000, default=20)
    min_questions = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        help_text="Left out: 5, or max_questions if less.",
    )
    precision_threshold = Number(min_value=0.01, max_value=10, default=0.3)
    classification_threshold = Number(min_value=0.5, max_value=0.9999, default=0.8)
    cut_scores = NumberOrList(default=[0.0])


class StartRequestSerializer(OftenRead):
    student_id = Identifier()
    test = Text(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="The name of a named test, instead of all that follows.",
    )
    question_pool_id = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="Left out: the default pool; while none is chosen, the newest.",
    )
    concept_names = serializers.ListField(
        child=Name(max_length=100),
        required=False,
        allow_null=True,
        max_length=settings.POOL_MAX_CONCEPTS,
    )
    end_criteria = EndCriteriaSerializer(required=False, allow_null=True)
    rules = serializers.DictField(
        required=False,
        allow_null=True,
        help_text="All that the engine can do, instead of end_criteria; its schema: /api/v1/rules/schema.",
    )

    def validate_concept_names(self, names: list[str] | None) -> list[str] | None:
        if names is not None and len(set(names)) != len(names):
            raise serializers.ValidationError("The names must differ.")
        return names

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("test") is not None:
            spelled_out = ("question_pool_id", "concept_names", "end_criteria", "rules")
            both = [name for name in spelled_out if attrs.get(name) is not None]
            if both:
                raise serializers.ValidationError(
                    {name: f"Give test or {name}, not both: the test has its own." for name in both}
                )
        if attrs.get("rules") is not None and attrs.get("end_criteria") is not None:
            raise serializers.ValidationError({"rules": "Give rules or end_criteria, not both."})
        return attrs

    def test_request(self, idempotency_key: str | None) -> TestRequest:
        """The request in the domain's terms; raises `RulesError`."""
        data = self.validated_data
        return TestRequest(
            student_id=data["student_id"],
            test=data.get("test"),
            pool_id=data.get("question_pool_id"),
            concept_names=tuple(data.get("concept_names") or ()),
            rules=_rules_of(data),
            rules_without_ability=_rules_without_ability(data, self.initial_data.get("end_criteria") or {}),
            idempotency_key=idempotency_key,
            fingerprint=fingerprint_of(self.initial_data),
        )


def _rules_of(data: dict[str, Any]) -> CatRules:
    if data.get("rules") is not None:
        return CatRules.from_json(data["rules"])
    criteria = data.get("end_criteria")
    if criteria is None:
        defaults = EndCriteriaSerializer(data={})
        defaults.is_valid(raise_exception=True)
        criteria = defaults.validated_data
    try:
        return _by_criteria(tuple((name, _hashable(value)) for name, value in criteria.items()))
    except RulesError as error:
        raise RulesError(
            [(f"/end_criteria{pointer}", message) for pointer, message in error.problems]
        ) from error


@lru_cache(maxsize=CRITERIA_KEPT)
def _by_criteria(criteria: tuple[tuple[str, Any], ...]) -> CatRules:
    """Once for criteria that are equal: most tests begin by those that another one began by."""
    return CatRules.from_end_criteria(**dict(criteria))


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


# Whoever says one of these asks for an ability; what is only a default is no wish.
OF_ABILITY = ("type", "precision_threshold", "classification_threshold", "cut_scores")


def _rules_without_ability(data: dict[str, Any], said: Mapping[str, Any]) -> CatRules | None:
    """What stands for the default end of a test in a pool without parameters: its length alone."""
    is_spelled_out = data.get("rules") is not None or any(name in said for name in OF_ABILITY)
    return None if is_spelled_out else CatRules(max_questions=_rules_of(data).max_questions)


class InvitationRequestSerializer(Body):
    invitation = Text(max_length=200)


class JoinRequestSerializer(Body):
    code = Text(max_length=40, help_text="As typed: blanks, hyphens and small letters do not matter.")
    student = serializers.IntegerField(
        min_value=0,
        max_value=MAX_INT,
        required=False,
        allow_null=True,
        help_text="Of `names`, who was chosen.",
    )


class SubmitRequestSerializer(Body):
    session_id = serializers.UUIDField()
    question_id = Identifier()
    response = ResponseField(allow_null=True)
    student_id = Identifier(required=False, allow_null=True)
    response_time_ms = serializers.IntegerField(
        min_value=0, max_value=MAX_INT, required=False, allow_null=True
    )

    @classmethod
    def submission(cls, data: Any, idempotency_key: str | None) -> Submission:
        """The request in the domain's terms.

        One instance serves all requests, as `run_validation` keeps nothing on it: copying the declared
        fields for each request would take as long as the engine does.
        """
        try:
            usual = msgspec.convert(data, UsualSubmission)
        except (msgspec.ValidationError, UnicodeError):  # half a surrogate pair matches no pattern
            return Submission(idempotency_key=idempotency_key, **_SUBMIT_REQUEST.run_validation(data))
        return Submission(
            usual.session_id,
            usual.question_id,
            usual.response,
            usual.student_id,
            usual.response_time_ms,
            idempotency_key,
        )


_SUBMIT_REQUEST = SubmitRequestSerializer()
_ = _SUBMIT_REQUEST.fields  # built now, not by two threads at once

_PlainId = Annotated[str, msgspec.Meta(pattern=rf"^[!-~]{{1,{ID_LENGTH}}}\Z")]


class UsualSubmission(msgspec.Struct, frozen=True):
    """What most submissions are: the serializer takes each of them, and reads the same in it.

    It takes more than that, and it alone says what is wrong.
    """

    session_id: UUID
    question_id: _PlainId
    response: Annotated[int, msgspec.Meta(ge=-MAX_INT, le=MAX_INT)] | None
    student_id: _PlainId | None = None
    response_time_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)] | None = None


class StudentSerializer(OftenRead):
    """The body or query of calls that may name the student, only to be checked."""

    student_id = Identifier(required=False, allow_null=True)


class ClockRequestSerializer(StudentSerializer):
    """The body of `pause` and `continue`."""

    by = serializers.ChoiceField(
        choices=[each.value for each in By],
        required=False,
        help_text="Who wants it. `student`, also where it is left out: a pause that its rules allow. "
        "`supervisor`: it takes nothing from those; this needs the permission *operate*.",
    )


class EraseRequestSerializer(Body):
    student_id = Text(
        max_length=ID_LENGTH, trim_whitespace=False, help_text="The id in the address, to confirm."
    )


def fingerprint_of(body: Any) -> str:
    """Tells two different requests with one Idempotency-Key apart."""
    return hash_of(body)


class ExtendRequestSerializer(Body):
    minutes = serializers.IntegerField(min_value=1, max_value=supervision.MOST_MINUTES)


class CleanupRequestSerializer(Body):
    inactivity_minutes = serializers.IntegerField(min_value=1, max_value=MOST_MINUTES, required=False)


class ExportSerializer(Body):
    rows = serializers.ChoiceField(choices=["sessions", "answers", "dictionary"], default="sessions")
    format = serializers.ChoiceField(choices=["csv", "json"], default="json")


class ResultFileRequest(ExportSerializer, StrictBody):
    """The same, of a worker."""


class _TakenOut(Body):
    """Questions of a revision as a file."""

    revision = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Left out: the newest."
    )
    incomplete = serializers.BooleanField(
        default=False, help_text="The file though it has not all questions; else that is a 409."
    )
    report = serializers.BooleanField(
        default=False, help_text="Instead of the file, what it has of each question."
    )


class PoolExport(_TakenOut):
    format = serializers.ChoiceField(choices=list(WRITERS), default="json")


class PoolFileRequest(StrictBody):
    """A file of a pool, of a worker."""

    revision = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, required=False, help_text="Left out: the newest."
    )
    incomplete = serializers.BooleanField(
        default=False, help_text="The file though it has not all questions; else the job fails."
    )
    format = serializers.ChoiceField(choices=list(WRITERS), default="json")


class ParametersExport(_TakenOut):
    form = serializers.ChoiceField(choices=PROGRAMS)
    model = serializers.ChoiceField(
        choices=CATR_MODELS,
        required=False,
        help_text="Which of catR's matrices; left out: the one that carries most questions.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "model" in attrs and attrs["form"] != "catr":
            raise serializers.ValidationError({"model": "Only catr has matrices by model."})
        return attrs


class SessionFilterSerializer(Body):
    student_id = Identifier(required=False)
    status = serializers.ChoiceField(choices=TestSession.Status.choices, required=False)
    pool = serializers.UUIDField(required=False)


def _numbers(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.FloatField(), **options)


class QuestionUpload(serializers.Serializer[Any]):  # read by `testing_engine.interchange.questions`
    id = serializers.CharField(max_length=200)
    content = serializers.CharField()
    options = serializers.ListField(child=serializers.CharField())
    correct_answer = serializers.CharField(
        required=False, help_text="One of the options; rating scales give option_scores."
    )
    option_scores = serializers.ListField(child=serializers.IntegerField(min_value=0), required=False)
    fixed_options = serializers.ListField(
        child=serializers.IntegerField(min_value=0),
        required=False,
        help_text="Options, from 0, that keep their place where a test shuffles: “none of these”.",
    )
    concepts = _numbers(help_text="Q-matrix row: 0 or more for each concept, not all 0.")
    state = serializers.ChoiceField(
        choices=STATES,
        required=False,
        help_text="Left out: operational; of a question without any parameter, not_calibrated.",
    )
    model = serializers.ChoiceField(choices=MODELS, default="2PL")
    difficulty = serializers.FloatField(default=0.0)
    discrimination = serializers.FloatField(default=1.0, help_text="Above 0.")
    guessing = serializers.FloatField(default=0.0, help_text="Lower asymptote.")
    slipping = serializers.FloatField(default=0.0, help_text="1 - upper asymptote.")
    upper_asymptote = serializers.FloatField(default=1.0, help_text="Instead of slipping.")
    thresholds = _numbers(
        required=False, help_text="GRM, GPCM, PCM, RSM: one a step, relative to difficulty."
    )
    category_slopes = _numbers(required=False, help_text="NRM.")
    category_intercepts = _numbers(required=False, help_text="NRM.")
    area = serializers.CharField(
        max_length=100, required=False, help_text="Content area, for content targets."
    )
    enemy_groups = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        help_text="Of a group, a test has one question at most.",
    )
    question_set = serializers.CharField(
        max_length=100, required=False, help_text="Questions that stay together."
    )


class ConceptNames(serializers.ListField):
    """Names of a form: a field each; or one field with a JSON list, or with names between commas."""

    def get_value(self, dictionary: Any) -> Any:
        if not hasattr(dictionary, "getlist"):
            return super().get_value(dictionary)
        given = dictionary.getlist(self.field_name)
        if not given:
            return serializers.empty
        if len(given) > 1 or not isinstance(given[0], str):
            return given
        if not given[0].lstrip().startswith("["):
            return [name.strip() for name in given[0].split(",")]
        try:
            return json.loads(given[0])
        except (ValueError, RecursionError):
            return given


class SizedFile(serializers.FileField):
    """A file of at most as many bytes as this setting allows."""

    def __init__(self, max_bytes_setting: str, **options: Any) -> None:
        super().__init__(**options)
        self._max_bytes_setting = max_bytes_setting

    def to_internal_value(self, data: Any) -> "File[Any]":
        file = super().to_internal_value(data)
        limit: int = getattr(settings, self._max_bytes_setting)
        if (file.size or 0) > limit:
            raise serializers.ValidationError(f"The file is larger than {limit} bytes.")
        return file


class OverrideReason(Text):
    """Why something goes on although the pool's requirements are not met."""

    def __init__(self) -> None:
        super().__init__(
            max_length=LONGEST_REASON,
            default="",
            allow_blank=True,
            help_text="Why it is published although the pool's requirements are not met; it is kept.",
        )


class PoolImport(StrictBody):
    file = SizedFile("IMPORT_MAX_BYTES", help_text="The file, as it is.")
    format = serializers.ChoiceField(
        choices=list(READERS), required=False, help_text="Left out: by the file's content and name."
    )
    name = Name(max_length=POOL_NAME, required=False, help_text="Left out: the file's own.")
    concept_names = ConceptNames(
        child=Text(max_length=NAME_LENGTH),
        required=False,
        help_text="A field each, or one field with a JSON list or with names between commas. "
        "Of several, a question measures the one that its area is called by.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Report only; nothing is stored.")
    variants = serializers.IntegerField(
        min_value=1,
        max_value=MOST_VARIANTS,
        default=VARIANTS,
        help_text="How many are made of a question with a template (QTI).",
    )
    seed = serializers.IntegerField(
        min_value=0, max_value=LARGEST_SEED, default=1, help_text="From which they are drawn."
    )

    parts_apart = serializers.BooleanField(
        default=False,
        help_text="A question of several parts becomes a set, a question for each, scored by itself.",
    )
    in_background = serializers.BooleanField(
        default=False, help_text="A worker imports; the reply is a 202 with the import's id."
    )
    question_pool_id = serializers.UUIDField(
        required=False,
        help_text="The pool that gets the questions, as its next revision. Left out: a new pool.",
    )
    override_reason = OverrideReason()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A pool that is there has a name and concepts of its own."""
        if attrs.get("question_pool_id") is not None:
            twice = [name for name in ("name", "concept_names") if attrs.get(name)]
            if twice:
                raise serializers.ValidationError(dict.fromkeys(twice, "The pool has its own."))
        return attrs


class TemplateSerializer(Body):
    format = serializers.ChoiceField(choices=list(FORMS), default="xlsx")


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class Choices(serializers.Field[dict[str, str], Any, Any, Any]):
    """Names and values; in a form as JSON text."""

    default_error_messages = {"invalid": "Must be an object of texts, in a form as JSON."}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            self.fail("invalid")
        return {str(name): value for name, value in data.items()}

    def to_representation(self, value: Any) -> Any:
        return value


class ParameterTableRequest(StrictBody):
    file = SizedFile(
        "POOL_UPLOAD_MAX_BYTES", required=False, help_text="The table as a file, or else as `table`."
    )
    table = serializers.CharField(required=False, trim_whitespace=False, help_text="The table as text.")
    source = Text(  # type: ignore[assignment]  # a field of the request, which the class does not keep
        max_length=200, required=False, default="", help_text="Which candidate it is. A dry run names them."
    )
    choices = Choices(required=False, help_text="What the candidate leaves open.")
    id_column = Text(
        max_length=200,
        required=False,
        default="",
        help_text="Left out: the one in which most of the pool's ids stand.",
    )
    revision = serializers.IntegerField(
        min_value=1,
        max_value=MAX_INT,
        required=False,
        help_text="To publish: the number of the pool's revision that a dry run told.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="Look only; nothing is stored.")
    override_reason = OverrideReason()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("file" in attrs) == ("table" in attrs):
            raise serializers.ValidationError({"table": "Give table or file."})
        if not attrs["dry_run"] and "revision" not in attrs:
            raise serializers.ValidationError(
                {"revision": "To publish, name the revision that you looked at."}
            )
        return attrs


class PoolUpload(serializers.Serializer[Any]):
    questions = QuestionUpload(many=True)
    name = serializers.CharField(max_length=200, required=False)
    concept_names = serializers.ListField(child=serializers.CharField(max_length=100), required=False)
    scale = serializers.CharField(
        max_length=200,
        required=False,
        help_text="What it was calibrated with: the name of a scale, new or known. Left out: one of its own.",
    )
