"""Question → sheet → question: the same, whatever it asks; and what is wrong is said at its field."""

import json
from dataclasses import replace
from typing import Any

import pytest

from browser_tests.test_interactions import QUESTIONS
from sessions_app.tests.factories import make_pool
from testing_engine import versions
from testing_engine.authoring import publishing
from testing_engine.authoring.drafting import Drafted, drafted
from testing_engine.authoring.kinds import change_kind
from testing_engine.authoring.reading import sheet_of
from testing_engine.authoring.sheet import TYPES, Part, Row, Sheet, new_part, new_sheet
from testing_engine.authoring.trying import try_answer
from testing_engine.models import Question
from testing_engine.pools import current_questions, question_of
from testing_engine.publication import content_hash, frozen_content

PLAIN: list[dict[str, Any]] = [
    {"id": "plain", "options": ["1", "2 \r\n x", "3"], "correct_answer": "3", "fixed_options": [2]},
    {
        "id": "scale",
        "options": ["never", "sometimes", "always"],
        "option_scores": [0, 1, 2],
        "model": "GRM",
        "thresholds": [-0.1, 1 / 3],
    },
    {
        "id": "nominal",
        "options": ["a", "b", "c"],
        "option_scores": [2, 0, 1],
        "model": "NRM",
        "category_slopes": [0, 0.5, 1],
        "category_intercepts": [0, -0.25, 0.125],
    },
    {
        "id": "3PL",
        "options": ["a", "b"],
        "correct_answer": "a",
        "model": "3PL",
        "difficulty": -1.25,
        "discrimination": 1e-7,
        "guessing": 0.2,
        "area": "Numbers",
        "enemy_groups": ["x", "y z"],
        "question_set": "set",
    },
]
WITH_KEYS: list[dict[str, Any]] = [
    {
        "id": "shares",
        "interactions": [
            {
                "type": "choice",
                "response": "R",
                "max_choices": 0,
                "choices": [{"id": name, "content": name} for name in "ABCD"],
            }
        ],
        "key": {"R": {"mapping": {"A": 0.5, "B": 0.5, "C": -0.5, "D": -0.5}}},
    },
    {
        "id": "texts",
        "interactions": [{"type": "textEntry", "response": "T", "max_length": 30, "placeholder": "here"}],
        "key": {"T": {"texts": {"Berlin": 1, "Berlin (DE)": 0.5}, "case_sensitive": True, "weight": 2}},
    },
    {
        "id": "pattern",
        "interactions": [{"type": "textEntry", "response": "T"}],
        "key": {"T": {"pattern": "[Bb]erlin.*"}},
    },
    {
        "id": "whole",
        "content": "[[A]] and [[B]]",
        "all_or_nothing": True,
        "interactions": [
            {"type": "textEntry", "response": "A", "base_type": "integer"},
            {"type": "slider", "response": "B", "lower": -1, "upper": 1, "step": 0.25, "base_type": "float"},
        ],
        "key": {"A": {"number": 3}, "B": {"number": 0.5, "tolerance": 10, "relative": True}},
    },
    {
        "id": "rules",
        "interactions": [
            {"type": "choice", "response": "R", "choices": [{"id": name, "content": name} for name in "AB"]}
        ],
        "scoring": {
            "variables": {"R": {"base_type": "identifier", "cardinality": "single"}},
            "steps": [["x", {"op": "isNull", "of": [{"op": "variable", "name": "R"}]}]],
            "score": {
                "op": "if",
                "of": [
                    {"op": "variable", "name": "x"},
                    {"op": "value", "value": 0},
                    {"op": "value", "value": 1},
                ],
            },
        },
    },
    {
        "id": "pairs",
        "interactions": [
            {
                "type": "associate",
                "response": "P",
                "max_associations": 2,
                "choices": [{"id": name, "content": name, "match_min": 1} for name in "DCBA"],
            }
        ],
        "key": {"P": {"mapping": {"A D": 1, "C B": 2}, "upper": 2, "default": -1}},
    },
]
ROWS = [
    {"content": f"Question\n{row['id']}?", "concepts": [1.0], **row}
    for row in [*PLAIN, *WITH_KEYS, *(question for question, _ in QUESTIONS.values())]
]


def hash_of(question: Question) -> str:
    return content_hash([frozen_content(question)])


@pytest.fixture(scope="module")
def stored(django_db_setup: None, django_db_blocker: Any) -> Any:
    """One pool with a question of each kind; read once."""
    with django_db_blocker.unblock():
        from django.db import transaction

        with transaction.atomic():
            questions = current_questions(make_pool(ROWS))
            found = {q.external_id: (q, q.passage.content if q.passage else "") for q in questions}
            for question, _ in found.values():
                assert question.pool
            transaction.set_rollback(True)
    return {name: question for name, (question, _) in found.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("name", [str(row["id"]) for row in ROWS])
def test_what_nobody_changed_is_the_same_question(stored: dict[str, Question], name: str) -> None:
    question = stored[name]
    found = drafted(sheet_of(question), ["A"], question)
    assert found.draft is not None, found.problems
    again = question_of(question.pool, replace(found.draft, passage=""), 1)
    again.passage_id = question.passage_id
    assert hash_of(again) == hash_of(question)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [str(row["id"]) for row in ROWS if "interactions" in row and row["id"] != "rules"]
)
def test_keys_are_read_back_from_rules(stored: dict[str, Question], name: str) -> None:
    """Without the stored rules, the sheet alone gives rules that score alike."""
    question = stored[name]
    sheet = sheet_of(question)
    assert all(part.credit != "rules" for part in sheet.parts)
    sheet.is_plain = False
    fresh = drafted(sheet, ["A"])
    assert fresh.draft is not None, fresh.problems
    assert fresh.draft.scoring is not None
    scoring = json.loads(json.dumps(question.scoring))
    assert list(fresh.draft.scoring.categories) == scoring["categories"]


def problems_of(found: Drafted) -> dict[str, str]:
    return {problem.where: problem.message for problem in found.problems}


def filled(part_type: str) -> Sheet:
    """A new question of the type with words in it, and nothing said of what is right."""
    sheet = new_sheet("1", 1, part_type)
    sheet.content = (
        "Which [[RESPONSE]]?" if part_type in ("inlineChoice", "textEntry", "numberEntry") else "Which?"
    )
    for kind in (sheet.parts[0].rows, sheet.parts[0].targets):
        for row in kind:
            row.text = f"words {row.id}"
    return sheet


@pytest.mark.django_db
@pytest.mark.parametrize("part_type", sorted(set(TYPES) - {"rating", "textEntry", "order"}))
def test_it_asks_for_what_is_right(part_type: str) -> None:
    found = drafted(filled(part_type), ["A"])
    assert found.draft is None
    assert all(problem.where.startswith("part-0") for problem in found.problems if problem.blocks)


def tick(part: Part, *rows: int, **fields: str) -> None:
    part.fields.update(fields)
    for index in rows:
        part.rows[index].right = True


def pair(rows: list[Row], partner: str) -> None:
    for row in rows:
        row.partners = (partner,)


@pytest.mark.django_db
def test_every_type_is_written_anew() -> None:
    """What a teacher says of what is right, in each type, and an answer with its score."""
    said: dict[str, tuple[Any, Any]] = {
        "choice": (lambda part: tick(part, 1), 1),
        "choiceSeveral": (
            lambda part: tick(part, 0, 1),
            {"RESPONSE": ["A", "B"]},
        ),
        "inlineChoice": (lambda part: tick(part, 2), {"RESPONSE": "C"}),
        "textEntry": (lambda part: None, {"RESPONSE": "words a"}),
        "numberEntry": (lambda part: part.fields.update(number="2,5", tolerance="0.1"), {"RESPONSE": "2.45"}),
        "order": (lambda part: None, {"RESPONSE": ["A", "B", "C"]}),
        "match": (
            lambda part: pair(part.rows, "1"),
            {"RESPONSE": ["A 1", "B 1", "C 1"]},
        ),
        "associate": (lambda part: pair(part.rows[:1], "B"), {"RESPONSE": ["B A"]}),
        "gapMatch": (lambda part: pair(part.targets, "C"), {"RESPONSE": ["C G1"]}),
        "hottext": (
            lambda part: tick(part, 0, most="1"),
            {"RESPONSE": "A"},
        ),
        "slider": (lambda part: part.fields.update(number="7"), {"RESPONSE": 7}),
        "rating": (lambda part: None, 4),
    }
    assert set(said) == set(TYPES)
    for part_type, (say, answer) in said.items():
        sheet = filled(part_type)
        say(sheet.parts[0])
        found = drafted(sheet, ["A"])
        assert found.draft is not None, (part_type, found.problems)
        tried = try_answer(found.draft, answer)
        assert tried is not None
        assert tried.is_full, part_type
        wrong = try_answer(found.draft, 0 if isinstance(answer, int) else {})
        assert wrong is not None
        assert wrong.is_nothing, part_type


@pytest.mark.django_db
def test_things_to_order_are_not_shown_in_the_right_order() -> None:
    found = drafted(filled("order"), ["A"])
    assert found.draft is not None
    (order,) = found.draft.interactions
    assert [choice.id for choice in order.choices] == ["B", "A", "C"]  # type: ignore[union-attr]


@pytest.mark.django_db
def test_shares_of_what_is_right() -> None:
    sheet = filled("choiceSeveral")
    sheet.parts[0].credit = "share"
    for row in sheet.parts[0].rows[:2]:
        row.right = True
    found = drafted(sheet, ["A"])
    assert found.draft is not None
    earned = [try_answer(found.draft, {"RESPONSE": list(chosen)}) for chosen in ("AB", "A", "AC", "ABC")]
    assert [tried and tried.earned for tried in earned] == [1, 0.5, 0, 0.5]
    assert found.draft.parameters.model == "GPCM"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"$\frac{6}{1 = 0$", "cannot be drawn"),
        (r"\(\frac{6}{1 = 0\)", "cannot be drawn"),
        (r"\frac{6}{1 = 0", "without its signs"),
        (r"$\frac{6}{1} = 0", "without its signs"),
        (r"\(x + 1", "without its signs"),
        ("![a cat](/images/" + 64 * "a" + ".png)", "not here"),
        ("![a cat](https://elsewhere.example.org/cat.png)", "another place"),
        ("![a bird](/sounds/none.mp3)", "sound is not here"),
        ("![a bird](/sounds/" + 64 * "0" + ".mp3)", "sound is not here"),
        ("![a bird](/sounds/" + 64 * "0" + ".mp3?plays=0)", "sound is not here"),
        ("$5 or $6, `\\frac{a}`, $x^2$ and \\[\\sqrt{2}\\]", ""),
    ],
)
def test_what_would_be_shown_otherwise_is_named(text: str, said: str) -> None:
    for where in ("content", "passage", "part-0-row-0-text"):
        sheet = filled("choice")
        sheet.parts[0].rows[0].right = True
        if where == "part-0-row-0-text":
            sheet.parts[0].rows[0].text = text
        else:
            setattr(sheet, where, text)
        found = drafted(sheet, ["A"])
        assert (found.draft is None) == bool(said), found.problems
        assert said in problems_of(found).get(where, "")


@pytest.mark.django_db
def test_a_key_that_changes_is_compiled_anew_and_its_parameters_begin_anew() -> None:
    pool = make_pool(ROWS)
    question = Question.objects.select_related("pool").get(external_id="several")
    sheet = sheet_of(question)
    sheet.parts[0].credit = "share"
    found = drafted(sheet, ["A"], question)
    assert found.draft is not None, found.problems
    assert found.draft.parameters.model == "GPCM"
    assert "begin anew" in problems_of(found)["parameters"]
    rules = Question.objects.select_related("pool").get(external_id="rules")
    sheet = sheet_of(rules)
    sheet.parts[0].rows[0].text = "Other words"
    changed = drafted(sheet, ["A"], rules)
    assert changed.draft is not None
    sheet.parts[0].rows.append(Row("C", "one more"))
    assert "came with the question" in problems_of(drafted(sheet, ["A"], rules))["part-0-credit"]
    assert pool.current_revision is not None


@pytest.mark.django_db
def test_saving_goes_on_at_the_new_version_and_overwrites_nobody() -> None:
    pool = make_pool(ROWS[:2])
    first = publishing.open_question(pool.pk, current_questions(pool)[0].pk)
    assert first.pk is not None
    assert not publishing.save(pool.pk, first.pk, first.sheet).is_changed
    mine, theirs = (publishing.open_question(pool.pk, first.pk).sheet for _ in range(2))
    mine.content, theirs.content = "Mine?", "Theirs?"
    saved = publishing.save(pool.pk, first.pk, mine)
    assert saved.is_changed
    assert publishing.save(pool.pk, first.pk, mine).pk == saved.pk  # sent twice
    with pytest.raises(versions.ChangedMeanwhile) as conflict:
        publishing.save(pool.pk, first.pk, theirs)
    assert conflict.value.newest is not None
    assert conflict.value.newest.content == "Mine?"
    assert [version.number for version in publishing.history(pool.pk, first.pk)] == [2, 1]


@pytest.mark.django_db
def test_a_new_question_sent_twice_is_one_and_numbers_do_not_collide() -> None:
    pool = make_pool(ROWS[:1])
    sheets = []
    for words in ("One?", "One?", "Two?"):
        sheet = filled("choice")
        sheet.content, sheet.parts[0].rows[0].right = words, True
        sheets.append(sheet)
    saved = [publishing.save_new(pool.pk, sheet) for sheet in sheets]
    assert saved[0].pk == saved[1].pk
    assert [q.external_id for q in current_questions(type(pool).objects.get())] == ["plain", "1", "2"]
    named = replace(sheets[0], id="plain")
    assert "of this name" in problems_of(publishing.save_new(pool.pk, named).drafted)["id"]


@pytest.mark.django_db
def test_an_archived_question_comes_back_as_it_was() -> None:
    pool = make_pool(ROWS[:2])
    first, second = current_questions(pool)
    for _ in range(2):
        publishing.archive(pool.pk, first.pk)
    fresh = type(pool).objects.get()
    assert current_questions(fresh) == [second]
    with pytest.raises(publishing.LastQuestion):
        publishing.archive(pool.pk, second.pk)
    for _ in range(2):
        publishing.restore(pool.pk, first.pk)
    fresh.refresh_from_db()
    assert current_questions(fresh) == [second, first]
    assert new_part(Sheet(), "choice").rows


def changed(old: str, new: str, *right: int) -> tuple[Sheet, dict[str, str]]:
    """A question whose kind of answer was changed, and what was said of that."""
    sheet = filled(old)
    for index in right:
        sheet.parts[0].rows[index].right = True
    problems = change_kind(sheet, 0, new)
    assert not any(problem.blocks for problem in problems)
    return sheet, {problem.where: problem.message for problem in problems}


@pytest.mark.django_db
@pytest.mark.parametrize("old", ["choice", "choiceSeveral", "inlineChoice", "hottext"])
def test_another_kind_makes_nothing_right_that_was_not(old: str) -> None:
    """It can be published only where the one that was right is all that is right; the words stay."""
    for new in TYPES:
        sheet, _ = changed(old, new, 1)
        assert [row.text for row in sheet.parts[0].rows][:2] == ["words A", "words B"]
        found = drafted(sheet, ["A"])
        answers: list[Any] = [{"RESPONSE": each} for each in "AB"]
        if new == "textEntry":
            answers = [{"RESPONSE": words} for words in ("words A", "words B", "words C", "")]
        elif new == "choice":
            answers = [0, 1]
        elif new in ("choiceSeveral", "hottext"):
            answers = [{"RESPONSE": [each]} for each in "AB"]
        elif new != "inlineChoice":
            assert found.draft is None or new == "order"
            continue
        assert found.draft is not None, (new, found.problems)
        tried = [try_answer(found.draft, answer) for answer in answers]
        assert [each and each.is_full for each in tried] == [index == 1 for index in range(len(answers))]
        assert all(each and (each.is_full or each.is_nothing) for each in tried)


@pytest.mark.django_db
def test_what_another_kind_cannot_keep_is_said() -> None:
    sheet, said = changed("choice", "textEntry", 1)
    assert "only what was right before: words B." in said["part-0"]
    assert (
        "with more than 0 points" in problems_of(drafted(changed("choice", "textEntry")[0], ["A"]))["part-0"]
    )
    assert [row.worth for row in sheet.parts[0].rows] == ["0", "", "0"]
    change_kind(sheet, 0, "choice")
    assert [row.right for row in sheet.parts[0].rows] == [False, True, False]
    assert "[[" not in sheet.content
    sheet, said = changed("choiceSeveral", "choice", 0, 1)
    assert "Several were right" in said["part-0"]
    assert not any(row.right for row in sheet.parts[0].rows)
    sheet, said = changed("inlineChoice", "choice", 0)
    assert sheet.content == "Which ?"
    assert "[[RESPONSE]] was taken out" in said["part-0"]
    sheet, said = changed("inlineChoice", "gapMatch", 0)
    assert sheet.content == "Which [[RESPONSE:G1]]?"
    matched = filled("match")
    pair(matched.parts[0].rows, "1")
    assert "say anew" in next(iter(change_kind(matched, 0, "associate"))).message
    assert not any(row.partners for row in matched.parts[0].rows)


@pytest.mark.django_db
def test_empty_lines_that_a_kind_does_not_need_block_nothing() -> None:
    for kind in ("numberEntry", "textEntry", "slider"):
        sheet = new_sheet("1", 1, "match")
        sheet.content = "How many?"
        change_kind(sheet, 0, kind)
        part = sheet.parts[0]
        part.fields["number"] = "3"
        part.rows += [Row("X", "three"), Row("Y")]
        assert drafted(sheet, ["A"]).draft is not None, kind


@pytest.mark.django_db
def test_what_is_typed_into_an_empty_sheet_of_another_kind_is_right() -> None:
    sheet = new_sheet("1", 1, "choice")
    sheet.content = "How many?"
    change_kind(sheet, 0, "textEntry")
    sheet.parts[0].rows[0].text = "three"
    found = drafted(sheet, ["A"])
    assert found.draft is not None, found.problems
    tried = try_answer(found.draft, {"RESPONSE": "three"})
    assert tried is not None
    assert tried.is_full


@pytest.mark.django_db
def test_a_place_that_students_do_not_see_is_named() -> None:
    sheet = filled("choice")
    sheet.parts[0].rows[0].right = True
    sheet.content = "A cat [[RESPONSE]] milk."
    assert "do not see [[RESPONSE]]" in problems_of(drafted(sheet, ["A"]))["content"]
