"""The tests that students take here: two pools, and rules of several kinds."""

from dataclasses import dataclass
from typing import Any

from testing_engine.demo.pools import POOL_FILE
from testing_engine.interchange.files import read_pool_file
from testing_engine.interchange.questions import parse_pool
from testing_engine.pools import current_questions, publish_pool
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import FrozenRevision, load_revision

# What the body of `start` asks for, and the engine's own words for the same.
_ASKED: list[tuple[dict[str, Any], CatRules]] = [
    ({}, CatRules.from_end_criteria(type="precision")),
    (
        {"end_criteria": {"type": "fixed_length", "max_questions": 12}},
        CatRules.from_end_criteria(type="fixed_length", max_questions=12),
    ),
    (
        {"end_criteria": {"type": "classification", "cut_scores": [0.3]}},
        CatRules.from_end_criteria(type="classification", cut_scores=[0.3]),
    ),
]
# The seed that the server drew decides these questions; it is read from the session's row.
_AT_RANDOM: dict[str, Any] = {"strategy": {"name": "randomesque", "count": 5}, "max_questions": 15}
_ASKED.append(({"rules": _AT_RANDOM}, CatRules.from_json(_AT_RANDOM)))


@dataclass(frozen=True)
class Plan:
    """A kind of test. `asked` goes into the body of `start`; `options` counts them by question."""

    pool_id: str
    revision: FrozenRevision
    asked: dict[str, Any]
    rules: CatRules
    options: dict[str, int]


def make_plans() -> list[Plan]:
    """Publish the demo pool, with its five concepts and as one, and pair both with all rules."""
    document = dict(read_pool_file(POOL_FILE).document)
    as_one = [{**question, "concepts": [1]} for question in document["questions"]]
    one = {**document, "concept_names": ["Mathematics"], "questions": as_one}
    return [plan for pool in (document, one) for plan in _plans_of(pool)]


def _plans_of(document: dict[str, Any]) -> list[Plan]:
    draft = parse_pool(document)
    pool = publish_pool(draft.name, draft.concept_names, draft.questions)
    assert pool.current_revision_id is not None
    revision = load_revision(pool.current_revision_id)
    options = {question.external_id: len(question.options) for question in current_questions(pool)}
    return [Plan(str(pool.pk), revision, asked, rules, options) for asked, rules in _ASKED]
