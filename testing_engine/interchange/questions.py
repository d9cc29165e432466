"""A pool as plain data (from JSON or CSV) → validated drafts. Everything that is wrong is listed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from django.conf import settings

from testing_engine.interchange.lookalikes import alike
from testing_engine.interchange.misnamed import meant_field
from testing_engine.interchange.names import (
    ID_LENGTH,
    NAME_LENGTH,
    identifier_in,
    is_storable,
    problem_of_identifier,
    problem_of_name,
)
from testing_engine.interchange.states import (
    LIST_FIELDS,
    NUMBER_FIELDS,
    categories_of_key,
    has_parameters,
    state_in,
    steps_of,
    with_placeholders,
)
from testing_engine.interchange.with_interactions import FIELDS, parse_interactions, parse_passage
from testing_engine.models import LONGEST_SCALE_NAME, MODELS
from testing_engine.pools import QuestionDraft
from testing_engine.psychometrics.items.bank import ItemParameterError, ItemParameters
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, marked, say

PROBLEMS_LISTED = 100
MAX_OPTIONS = 50
MAX_CONTENT, MAX_OPTION = 50_000, 5_000  # characters
MAX_GROUPS = 20
POOL_NAME = 200
MAX_SCORE = 50
MAX_SLOPE = 50
MAX_PARAMETER = 100  # logits; far beyond any real question, and far from overflow
KNOWN_FIELDS = {
    *("id", "content", "options", "correct_answer", "option_scores", "fixed_options", "concepts", "model"),
    *NUMBER_FIELDS,
    *LIST_FIELDS,
    *("area", "enemy_groups", "question_set", "state"),
    *FIELDS,
    "check",  # the demo pool's own: how its test recomputes the answer
}
# Engine field → the name that it has in a pool document.
FIELD_NAMES = {"upper": "upper_asymptote"}


OF_QUESTION = marked("Question {id}: {problem}")
Problem: TypeAlias = tuple[str, Sentence]  # JSON pointer, message


class PoolRefused(ValueError):
    """The document is no pool. `problems`: (JSON pointer, message), at most `PROBLEMS_LISTED`."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


@dataclass(frozen=True)
class PoolDraft:
    """A pool before it is published."""

    name: str
    concept_names: tuple[str, ...]
    questions: tuple[QuestionDraft, ...]
    scale: str = ""  # empty: one of its own
    ignored: tuple[str, ...] = ()  # fields that mean nothing here, often misspelt

    @property
    def not_calibrated(self) -> int:
        """How many questions have no parameters."""
        return sum(draft.parameters.state == NOT_CALIBRATED for draft in self.questions)


class _Problems:
    """Collects what is wrong, under a pointer; raises `PoolRefused` when that is much."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, pointer: str, message: Sentence) -> None:
        self.found.append((pointer, message))
        if len(self.found) >= PROBLEMS_LISTED:  # enough to begin with; a broken file could have millions
            raise PoolRefused(self.found)


class _OfQuestion(_Problems):
    """The same, where the message begins with the question that it is about."""

    def __init__(self, problems: _Problems, external_id: str) -> None:
        self.found, self._id = problems.found, external_id

    def add(self, pointer: str, message: Sentence) -> None:
        super().add(pointer, say(OF_QUESTION, id=repr(self._id), problem=message))


def without_question(message: Sentence) -> Sentence:
    """What is wrong, where it is clear with which question."""
    problem = message.values.get("problem")
    return problem if message.words == OF_QUESTION and isinstance(problem, Sentence) else message


def parse_pool(document: Mapping[str, Any]) -> PoolDraft:
    """Validate `{"questions": [...], "name"?, "concept_names"?, "scale"?}`; raises `PoolRefused`."""
    problems = _Problems()
    name = document.get("name") or ""
    if not isinstance(name, str):
        problems.add("/name", say("Must be a text of at most {most} characters.", most=POOL_NAME))
    elif name and (problem := problem_of_name(name, POOL_NAME)):
        problems.add("/name", say("The name {problem}.", problem=problem))
    scale = document.get("scale") or ""
    if not isinstance(scale, str):
        problems.add(
            "/scale",
            say(
                "Must be a text of at most {most} characters.",
                most=LONGEST_SCALE_NAME,
            ),
        )
    elif scale and (problem := problem_of_name(scale, LONGEST_SCALE_NAME)):
        problems.add("/scale", say("The name {problem}.", problem=problem))
    names = parse_concept_names(document.get("concept_names") or [], "/concept_names", problems)
    rows = document.get("questions")
    if not isinstance(rows, list) or not rows:
        problems.add("/questions", say("Must be a list with at least one question."))
        raise PoolRefused(problems.found)
    drafts = [_parse_question(row, f"/questions/{index}", problems) for index, row in enumerate(rows)]
    _check_together(drafts, names, problems)
    if problems.found:
        raise PoolRefused(problems.found)
    questions = tuple(draft for draft in drafts if draft is not None)
    return PoolDraft(name, names, questions, scale, unknown_fields(rows))


def unknown_fields(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Names that mean nothing here, at most `PROBLEMS_LISTED`."""
    names = {str(field) for row in rows for field in row if field not in KNOWN_FIELDS}
    return tuple(sorted(names)[:PROBLEMS_LISTED])


def parse_concept_names(names: object, pointer: str, problems: _Problems) -> tuple[str, ...]:
    """Distinct, non-empty names."""
    if not isinstance(names, list) or len(names) > settings.POOL_MAX_CONCEPTS:
        problems.add(
            pointer,
            say(
                "Must be a list of at most {most} names.",
                most=settings.POOL_MAX_CONCEPTS,
            ),
        )
        return ()
    for index, name in enumerate(names):
        if not isinstance(name, str):
            problems.add(
                f"{pointer}/{index}",
                say("Must be a text of 1 to {most} characters.", most=NAME_LENGTH),
            )
        elif problem := problem_of_name(name):
            problems.add(f"{pointer}/{index}", say("The name {problem}.", problem=problem))
    texts = [name for name in names if isinstance(name, str)]
    if len(set(texts)) != len(texts):
        problems.add(pointer, say("The names must differ."))
    return tuple(texts)


def _check_together(
    drafts: Sequence[QuestionDraft | None], names: Sequence[str], problems: _Problems
) -> None:
    """What only the whole list shows: ragged Q-matrix rows and ids that come twice."""
    first_index: dict[str, int] = {}
    width = len(names) or next((len(draft.parameters.concepts) for draft in drafts if draft), 0)
    for index, draft in enumerate(drafts):
        if draft is None:
            continue
        row = draft.parameters.concepts
        if len(row) != width:
            against = "concept_names" if names else say("the first question")
            problems.add(
                f"/questions/{index}/concepts",
                say(
                    "Question {id} has {count} concepts, {against} {width}.",
                    id=repr(draft.external_id),
                    count=len(row),
                    against=against,
                    width=width,
                ),
            )
        earlier = first_index.setdefault(draft.external_id, index)
        if earlier != index:
            problems.add(
                f"/questions/{index}/id",
                say(
                    "The id {id} was used before, at index {earlier}.",
                    id=repr(draft.external_id),
                    earlier=earlier,
                ),
            )


def _parse_question(row: object, pointer: str, problems: _Problems) -> QuestionDraft | None:
    if not isinstance(row, Mapping):
        problems.add(pointer, say("Must be an object."))
        return None
    before = len(problems.found)
    external_id = _parse_id(row.get("id"), f"{pointer}/id", problems)
    problems = _OfQuestion(problems, external_id)
    content = row.get("content")
    if not isinstance(content, str) or not content.strip() or not is_storable(content):
        problems.add(f"{pointer}/content", say("must have a text."))
    elif len(content) > MAX_CONTENT:
        problems.add(
            f"{pointer}/content",
            say("must be at most {most} characters.", most=MAX_CONTENT),
        )
    _check_names(row, pointer, problems)
    passage = parse_passage(row, lambda where, what: problems.add(pointer + where, what))
    if row.get("interactions") is not None:
        draft = _parse_with_interactions(row, pointer, problems)
    else:
        draft = _parse_with_options(row, pointer, problems)
    if len(problems.found) > before or draft is None:
        return None
    return replace(draft, external_id=external_id, content=str(content), passage=passage)


def _check_names(row: Mapping[str, Any], pointer: str, problems: _Problems) -> None:
    """What was meant as a field, but is called otherwise, would silently become that field's default."""
    for name, value in row.items():
        if name in KNOWN_FIELDS or value in (None, ""):
            continue
        if (meant := meant_field(str(name), KNOWN_FIELDS, value)) is not None:
            problems.add(
                f"{pointer}/{name}",
                say(
                    "nothing is called {name} here. If {meant} is meant, call it so; "
                    "a table of item parameters has a reader of its own (docs/PARAMETERS.md).",
                    name=repr(name),
                    meant=meant,
                ),
            )
    if row.get("slipping") is not None and row.get("upper_asymptote") is not None:
        problems.add(
            f"{pointer}/slipping",
            say(
                "give slipping or upper_asymptote, not both.",
            ),
        )


def _parse_with_options(row: Mapping[str, Any], pointer: str, problems: _Problems) -> QuestionDraft | None:
    options = _parse_options(row.get("options"), f"{pointer}/options", problems)
    is_given = has_parameters(row)
    if not is_given:
        row = with_placeholders(row, categories_of_key(row))
    parameters = _parse_parameters(row, pointer, problems, is_given=is_given)
    scores = _parse_key(row, options, parameters, pointer, problems)
    fixed = _parse_fixed(row.get("fixed_options") or [], options, f"{pointer}/fixed_options", problems)
    if parameters is None:
        return None
    return QuestionDraft("", "", options, scores, parameters, fixed_options=fixed)


def _parse_with_interactions(
    row: Mapping[str, Any], pointer: str, problems: _Problems
) -> QuestionDraft | None:
    """Right or wrong by 2PL, partial credit by GPCM, where the row names no model."""
    found, program = parse_interactions(row, lambda where, what: problems.add(pointer + where, what))
    if program is None:
        return None
    categories = len(program.categories)
    is_given = has_parameters(row)
    if not is_given:
        row = with_placeholders(row, categories)
    elif categories > 2 and row.get("model") is None:
        row = {**row, "model": "GPCM", "thresholds": row.get("thresholds") or steps_of(categories)}
    parameters = _parse_parameters(row, pointer, problems, is_given=is_given)
    if parameters is None:
        return None
    if parameters.n_categories != categories:
        problems.add(
            f"{pointer}/model",
            say(
                "its model has {count} categories, its key gives {given}.",
                count=parameters.n_categories,
                given=categories,
            ),
        )
        return None
    return QuestionDraft("", "", (), (), parameters, found, program)


def _parse_id(value: object, pointer: str, problems: _Problems) -> str:
    text = identifier_in(value)
    if not isinstance(text, str):
        problems.add(
            pointer,
            say("Must be a text of 1 to {most} characters, or a whole number.", most=ID_LENGTH),
        )
        return "?"
    if problem := problem_of_identifier(text):
        problems.add(pointer, say("The id {problem}.", problem=problem))
        return "?"
    return text


def _parse_labels(row: Mapping[str, Any], pointer: str, problems: _Problems) -> dict[str, Any]:
    """What content rules go by."""
    groups = row.get("enemy_groups") or []
    if not isinstance(groups, list) or len(groups) > MAX_GROUPS:
        problems.add(
            f"{pointer}/enemy_groups",
            say("must be a list of at most {most} names.", most=MAX_GROUPS),
        )
        groups = []
    return {
        "area": _parse_label(row.get("area"), f"{pointer}/area", problems),
        "question_set": _parse_label(row.get("question_set"), f"{pointer}/question_set", problems),
        "enemy_groups": tuple(
            _parse_label(group, f"{pointer}/enemy_groups/{index}", problems)
            for index, group in enumerate(groups)
        ),
    }


def _parse_label(value: object, pointer: str, problems: _Problems) -> str:
    """A name of at most 100 characters; left out, it is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        problems.add(pointer, say("Must be a text of at most {most} characters.", most=NAME_LENGTH))
        return ""
    if value and (problem := problem_of_name(value)):
        problems.add(pointer, say("The name {problem}.", problem=problem))
    return value


def _parse_options(value: object, pointer: str, problems: _Problems) -> tuple[str, ...]:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_OPTIONS:
        problems.add(
            pointer,
            say("must have a list of 2 to {most} options.", most=MAX_OPTIONS),
        )
        return ()
    if not all(isinstance(option, str) and option.strip() and is_storable(option) for option in value):
        problems.add(pointer, say("every option must be a text."))
        return ()
    if max(map(len, value)) > MAX_OPTION:
        problems.add(
            pointer,
            say(
                "an option must be at most {most} characters.",
                most=MAX_OPTION,
            ),
        )
        return ()
    if len(set(value)) != len(value):
        problems.add(pointer, say("the options must differ."))
    elif same := alike(value):
        first, second = (index + 1 for index in same)
        problems.add(
            pointer,
            say(
                "options {first} and {second} look the same to a student; they must differ.",
                first=first,
                second=second,
            ),
        )
    return tuple(value)


def _parse_parameters(
    row: Mapping[str, Any], pointer: str, problems: _Problems, *, is_given: bool
) -> ItemParameters | None:
    """`is_given`: whether the document has any; else placeholders stand in the row."""
    before = len(problems.found)
    row = {name: value for name, value in row.items() if value is not None}
    state = state_in(row, is_given, lambda where, what: problems.add(pointer + where, what))
    model = row.get("model") or "2PL"
    if model not in MODELS:
        problems.add(f"{pointer}/model", say("must be one of {models}.", models=", ".join(MODELS)))
    most = settings.POOL_MAX_CONCEPTS
    concepts = _numbers(row.get("concepts"), f"{pointer}/concepts", problems, most)
    upper = row.get(
        "upper_asymptote", 1.0 - _number(row.get("slipping", 0.0), f"{pointer}/slipping", problems)
    )
    numbers: dict[str, Any] = {
        "difficulty": _number(row.get("difficulty", 0.0), f"{pointer}/difficulty", problems),
        "discrimination": _number(row.get("discrimination", 1.0), f"{pointer}/discrimination", problems),
        "guessing": _number(row.get("guessing", 0.0), f"{pointer}/guessing", problems),
        "upper": _number(upper, f"{pointer}/upper_asymptote", problems),
    }
    lists: dict[str, Any] = {
        key: _numbers(row.get(key) or [], f"{pointer}/{key}", problems) for key in LIST_FIELDS
    }
    labels = _parse_labels(row, pointer, problems)
    if len(problems.found) > before:
        return None
    if numbers["discrimination"] * max(concepts, default=0.0) > MAX_SLOPE:
        problems.add(
            f"{pointer}/discrimination",
            say(
                "discrimination × concept must be {most} or less.",
                most=MAX_SLOPE,
            ),
        )
        return None
    try:
        return ItemParameters(concepts=concepts, model=model, state=state, **numbers, **lists, **labels)
    except ItemParameterError as error:
        problems.add(f"{pointer}/{FIELD_NAMES.get(error.field, error.field)}", error.sentence)
        return None


def _parse_key(
    row: Mapping[str, Any],
    options: tuple[str, ...],
    parameters: ItemParameters | None,
    pointer: str,
    problems: _Problems,
) -> tuple[int, ...]:
    """The score of each option: from `correct_answer`, or spelt out in `option_scores`."""
    given, answer = row.get("option_scores"), row.get("correct_answer")
    categories = parameters.n_categories if parameters else 2
    if given is None and categories > 2 and answer is None:
        given = list(range(len(options)))
    if given is None:
        if not options:
            return ()  # already said
        if answer not in options:
            problems.add(f"{pointer}/correct_answer", say("the correct answer is none of the options."))
            return ()
        if categories > 2:
            problems.add(
                f"{pointer}/option_scores", say("this model scores every option; give option_scores.")
            )
        return tuple(int(option == answer) for option in options)
    is_whole = isinstance(given, list) and all(
        type(score) is int and 0 <= score <= MAX_SCORE for score in given
    )
    if not is_whole or len(given) != len(options):
        problems.add(
            f"{pointer}/option_scores",
            say(
                "must be one whole number from 0 for each option.",
            ),
        )
        return ()
    if parameters and set(given) != set(range(categories)):
        problems.add(
            f"{pointer}/option_scores",
            say(
                "must use every score from 0 to {highest}, as its model has.",
                highest=categories - 1,
            ),
        )
    return tuple(given)


def _parse_fixed(
    value: object, options: tuple[str, ...], pointer: str, problems: _Problems
) -> tuple[int, ...]:
    """Options that keep their place where a test shuffles, by index and rising."""
    is_whole = isinstance(value, list) and all(type(index) is int for index in value)
    if not is_whole or not set(value) <= set(range(len(options))):  # type: ignore[call-overload]
        if options:
            problems.add(
                pointer,
                say(
                    "must be a list of options, counted from 0 to {last}.",
                    last=len(options) - 1,
                ),
            )
        return ()
    return tuple(sorted(set(value)))  # type: ignore[call-overload]


def _number(value: object, pointer: str, problems: _Problems) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if abs(number) <= MAX_PARAMETER:
            return number
    problems.add(
        pointer,
        say(
            "must be a number between -{most} and {most}.",
            most=MAX_PARAMETER,
        ),
    )
    return 0.0


def _numbers(value: object, pointer: str, problems: _Problems, most: int = MAX_OPTIONS) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) > most:
        problems.add(pointer, say("must be a list of at most {most} numbers.", most=most))
        return ()
    return tuple(_number(element, f"{pointer}/{index}", problems) for index, element in enumerate(value))
