"""Writing questions at the desk: what the page shows comes back as the same question; trying, conflicts."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from lxml import html

from desk.sheet_form import sheet_from
from desk.sheet_view import view_of
from desk.tests.conftest import somebody
from sessions_app.tests.factories import make_pool
from testing_engine.authoring.reading import sheet_of
from testing_engine.authoring.sheet import Sheet
from testing_engine.authoring.tests.test_sheets import ROWS
from testing_engine.models import Passage, Question, QuestionImage, QuestionPool, QuestionSound
from testing_engine.pools import current_questions
from testing_engine.tests.test_images import picture
from testing_engine.tests.test_sounds import mp3


@pytest.fixture
def teacher(db: None) -> Client:
    return somebody("testing_engine.change_question", "testing_engine.view_questionpool")


def fields_in(page: str) -> QueryDict:
    """What a browser would send of the page's form."""
    form = html.fromstring(page).get_element_by_id("question-form")
    sent = QueryDict(mutable=True)
    for name, value in form.form_values():
        sent.appendlist(name, value)
    for area in form.iter("textarea"):
        sent[area.name] = (area.text or "").removeprefix("\n")
    return sent


def test_the_page_sends_back_what_it_was_given(teacher: Client) -> None:
    """Every type of question, in one pool; where nothing was changed, nothing is published."""
    pool = make_pool(ROWS)
    for question in current_questions(pool):
        address = f"/desk/questions/{pool.pk}/q/{question.pk}/"
        sent = fields_in(teacher.get(address).content.decode())
        again = sheet_from(sent, 1)
        stored = sheet_of(question)
        for part in (*stored.parts, *again.parts):
            part.prompt = part.prompt.strip()
            for row in part.rows:
                row.text = row.text.replace("\r\n", "\n")
        assert again == stored, question.external_id
        if question.external_id in ("plain", "scale", "mixed", "match", "rules"):
            reply = teacher.post(address, {name: sent.getlist(name) for name in sent})
            assert reply.status_code == 302, question.external_id
    assert Question.objects.count() == len(ROWS)


def test_a_question_is_begun_filled_and_saved(teacher: Client) -> None:
    pool = make_pool(1)
    write = f"/desk/questions/{pool.pk}/write"
    sent = fields_in(teacher.get(write).content.decode())
    sent["content"] = "Which?"
    wrong = teacher.post(write, sent.dict())
    page = wrong.content.decode()
    assert "Tick the right answer." in page
    assert "Write a text here" in page
    assert fields_in(page)["content"] == "Which?"
    for row, words in enumerate(("one", "two", "three")):
        sent[f"part-0-row-{row}-text"] = words
    sent["part-0-row-1-right"] = "on"
    reply = teacher.post(write, sent.dict())
    question = Question.objects.get(external_id="1")
    assert reply["Location"] == f"/desk/questions/{pool.pk}/q/{question.pk}/?saved=new"
    assert question.option_scores == [0, 1, 0]
    assert teacher.post(write, sent.dict())["Location"] == reply["Location"]  # sent twice
    assert f'<a href="{write}">' in teacher.get(reply["Location"]).content.decode()


def test_saving_goes_on_with_the_next_question_where_that_is_wished(teacher: Client) -> None:
    """A new question and one that is edited; what cannot be saved stays on its page."""
    pool = make_pool(1)
    write = f"/desk/questions/{pool.pk}/write"
    sent = fields_in(teacher.get(write).content.decode())
    sent["content"], sent["do"] = "Which?", "save-next"
    assert "Tick the right answer." in teacher.post(write, sent.dict()).content.decode()
    for row, words in enumerate(("one", "two", "three")):
        sent[f"part-0-row-{row}-text"] = words
    sent["part-0-row-1-right"] = "on"
    assert teacher.post(write, sent.dict())["Location"] == f"{write}?saved=new"
    page = teacher.get(write).content.decode()
    assert "it is a question of the pool now" in page
    assert fields_in(page)["content"] == ""
    question = Question.objects.get(content="Which?")
    address = f"/desk/questions/{pool.pk}/q/{question.pk}/"
    edited = fields_in(teacher.get(address).content.decode())
    edited["content"], edited["do"] = "Which one?", "save-next"
    assert teacher.post(address, edited.dict())["Location"].startswith(f"{write}?saved=q-")
    assert Question.objects.filter(content="Which one?").exists()


def test_buttons_add_and_remove_and_lose_nothing(teacher: Client) -> None:
    pool = make_pool(1)
    address = f"/desk/questions/{pool.pk}/sheet"
    sent = fields_in(teacher.get(f"/desk/questions/{pool.pk}/write").content.decode())
    sent["content"], sent["part-0-row-2-text"] = "Water freezes at", "kept"

    def press(button: str) -> QueryDict:
        return fields_in(teacher.post(address, {**sent.dict(), "do": button}).content.decode())

    more = press("add:numberEntry")
    assert more["content"] == "Water freezes at [[R2]]"
    assert more["part-1-type"] == "numberEntry"
    assert press("row:0")["part-0-row-3-id"] == "D"
    assert press("up-row:0:2")["part-0-row-1-text"] == "kept"
    assert "part-0-row-2-id" not in press("remove-row:0:0")
    for nonsense in ("", "add:nothing", "remove:9", "row:x", "up:-1", "row"):
        assert press(nonsense)["part-0-row-2-text"] == "kept"
    sent["to-part-0"] = "match"
    changed = press("show")
    assert changed["part-0-type"] == "match"
    assert changed["part-0-row-2-text"] == "kept"
    assert changed["part-0-target-0-id"] == "1"


def test_things_to_order_are_listed_in_the_right_order(teacher: Client) -> None:
    """They are shown to students in another, which stays as it is."""
    pool = make_pool(1)
    write = f"/desk/questions/{pool.pk}/write?type=order"
    sent = fields_in(teacher.get(write).content.decode())
    sent["content"] = "Sort!"
    for row, words in enumerate(("one", "two", "three")):
        sent[f"part-0-row-{row}-text"] = words
    address = teacher.post(write, sent.dict())["Location"]
    page = teacher.get(address).content.decode()
    root = html.fromstring(page)
    assert [area.text.strip() for area in root.xpath("//textarea[contains(@id, 'part-0-row-')]")] == [
        "one", "two", "three",
    ]  # fmt: skip
    places = root.xpath("//input[starts-with(@name, 'part-0-row-') and contains(@name, '-place')]/@value")
    assert places == ["1", "2", "3"]
    removed = {
        **fields_in(page).dict(),
        "do": root.xpath("//button[contains(@value, 'remove-row')]/@value")[0],
    }
    left = fields_in(teacher.post(f"/desk/questions/{pool.pk}/sheet", removed).content.decode())
    assert "one" not in left.values()
    assert {"two", "three"} <= set(left.values())
    teacher.post(address, fields_in(page).dict())
    assert Question.objects.filter(content="Sort!").count() == 1


def checked(teacher: Client, pool: QuestionPool, sent: Any) -> str:
    reply = teacher.post(f"/desk/questions/{pool.pk}/check", sent, headers={"HX-Request": "true"})
    assert reply.status_code == 200
    return reply.content.decode()


def test_what_is_shown_is_what_a_student_sees_and_never_the_key(teacher: Client) -> None:
    pool = make_pool(ROWS)
    question = Question.objects.get(external_id="match")
    sent = fields_in(teacher.get(f"/desk/questions/{pool.pk}/q/{question.pk}/").content.decode())
    part = checked(teacher, pool, {name: sent.getlist(name) for name in sent})
    found = re.search(r'data-shown="([^"]*)"', part)
    assert found
    shown = json.loads(unescape(found[1]))
    assert shown["interactions"][0]["type"] == "match"
    assert "<p" in shown["content_html"]
    assert "correct" not in found[1]
    sent["content"] = r"$\frac{6}{1 = 0$ ![x](/images/" + 64 * "0" + ".png)"
    part = checked(teacher, pool, {name: sent.getlist(name) for name in sent})
    assert "cannot be drawn" in part
    assert "not here" in part


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"RESPONSE": ["A Y", "B X"]}, "Full score"),
        ({"RESPONSE": ["A X"]}, "No points"),
        (None, "No points"),
        ({"X": 1}, "No student"),
        ("{", "No student"),
    ],
)
def test_an_answer_is_tried(teacher: Client, answer: Any, said: str) -> None:
    pool = make_pool([row for row in ROWS if row["id"] == "match"])
    question = Question.objects.get()
    sent = fields_in(teacher.get(f"/desk/questions/{pool.pk}/q/{question.pk}/").content.decode())
    body = {name: sent.getlist(name) for name in sent}
    body["answer"] = [answer if isinstance(answer, str) else json.dumps(answer)]
    assert said in teacher.post(f"/desk/questions/{pool.pk}/try", body).content.decode()


def test_numbers_that_no_page_sends_name_nothing(teacher: Client) -> None:
    pool = make_pool(2)
    page = f"/desk/questions/{pool.pk}/q/{current_questions(pool)[0].pk}/"
    sent = fields_in(teacher.get(page).content.decode()).dict()
    number = "9" * 5000  # Python refuses to read it
    assert teacher.get(f"{page}?from={number}").status_code == 200
    assert teacher.post(page, {**sent, "base": number}).status_code == 302
    assert teacher.post(f"/desk/questions/{pool.pk}/check", {**sent, "base": number}).status_code == 200
    assert teacher.post(f"/desk/questions/{pool.pk}/check", {**sent, "base": "9" * 30}).status_code == 200
    for part in ("x", "-9", "²"):
        reply = teacher.post(f"/desk/questions/{pool.pk}/sheet", {**sent, f"to-part-{part}": "order"})
        assert fields_in(reply.content.decode())["content"] == sent["content"]


def test_two_people_at_once_overwrite_nothing(teacher: Client) -> None:
    pool = make_pool(2)
    address = f"/desk/questions/{pool.pk}/q/{current_questions(pool)[0].pk}/"
    mine, theirs = (fields_in(teacher.get(address).content.decode()) for _ in range(2))
    mine["content"], theirs["content"] = "Mine?", "Theirs?"
    assert teacher.post(address, theirs.dict()).status_code == 302
    conflict = teacher.post(address, mine.dict())
    page = conflict.content.decode()
    assert conflict.status_code == 409
    assert "Somebody else saved" in page
    assert fields_in(page)["content"] == "Mine?"
    assert set(Question.objects.filter(external_id="q0").values_list("content", flat=True)) == {
        "Question 0?",
        "Theirs?",
    }
    newest = Question.objects.get(content="Theirs?").pk
    again = fields_in(page).dict() | {"instead": str(newest)}
    assert teacher.post(address, again).status_code == 302
    assert Question.objects.get(content="Mine?").version == 3


def test_versions_archive_and_back(teacher: Client) -> None:
    pool = make_pool(2)
    first = current_questions(pool)[0]
    address = f"/desk/questions/{pool.pk}/q/{first.pk}/"
    sent = fields_in(teacher.get(address).content.decode())
    sent["content"] = "Newer?"
    teacher.post(address, sent.dict())
    newest = Question.objects.get(content="Newer?")
    assert teacher.get(address)["Location"].endswith(f"/q/{newest.pk}/")
    history = teacher.get(f"{address}versions").content.decode()
    assert f"/q/{newest.pk}/?from={first.pk}" in history
    words = " ".join(history.split())
    assert "changed: text" in words
    assert "changed: text," not in words
    older = teacher.get(f"/desk/questions/{pool.pk}/q/{newest.pk}/?from={first.pk}").content.decode()
    assert fields_in(older)["content"] == "Question 0?"
    teacher.post(f"{address}archive")
    assert [q.external_id for q in current_questions(QuestionPool.objects.get())] == ["q1"]
    assert "in the archive" in teacher.get(f"/desk/questions/{pool.pk}/q/{newest.pk}/").content.decode()
    other = current_questions(QuestionPool.objects.get())[0]
    assert teacher.post(f"/desk/questions/{pool.pk}/q/{other.pk}/archive")["Location"].endswith(
        f"/q/{other.pk}/"
    )
    teacher.post(f"{address}restore")
    assert [q.content for q in current_questions(QuestionPool.objects.get())] == ["Question 1?", "Newer?"]
    assert teacher.get(f"/desk/questions/{pool.pk}/q/{10**30}/").status_code == 404


def test_a_picture_is_inserted(teacher: Client) -> None:
    body = {"kind": "picture", "file": SimpleUploadedFile("a.png", picture())}
    text = teacher.post("/desk/media", body).json()["text"]
    assert text == f"![](/images/{QuestionImage.objects.get().pk}.png)"
    refused = teacher.post("/desk/media", {"kind": "picture", "file": SimpleUploadedFile("a.png", b"no")})
    assert refused.status_code == 400
    assert "no PNG" in refused.json()["error"]
    assert teacher.post("/desk/media", {"kind": "film"}).status_code == 400


def test_a_sound_is_inserted_and_published(teacher: Client) -> None:
    body = {"kind": "sound", "file": SimpleUploadedFile("a.mp3", mp3())}
    text = teacher.post("/desk/media", body).json()["text"]
    (sound,) = QuestionSound.objects.all()
    assert text == f"![](/sounds/{sound.pk}.mp3)"
    pool = make_pool(1)
    address = f"/desk/questions/{pool.pk}/q/{current_questions(pool)[0].pk}/"
    sent = fields_in(teacher.get(address).content.decode())
    sent["content"] = f"Listen. ![](/sounds/{'0' * 64}.mp3)"
    assert "This sound is not here" in teacher.post(address, sent.dict()).content.decode()
    sent["content"] = f"Listen. ![a bird](/sounds/{sound.pk}.mp3?plays=2)"
    assert teacher.post(address, sent.dict()).status_code == 302
    (question,) = current_questions(QuestionPool.objects.get())
    assert question.content == sent["content"]
    refused = teacher.post("/desk/media", {"kind": "sound", "file": SimpleUploadedFile("a.mp3", b"no")})
    assert refused.status_code == 400


def test_what_is_too_long_is_told_so(teacher: Client, settings: LazySettings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    reply = teacher.post(f"/desk/questions/{make_pool(1).pk}/check", {"content": "x" * 2000})
    assert reply.status_code == 400
    assert "too long" in reply.content.decode()


def test_a_draft_of_one_question_saves_no_other(teacher: Client) -> None:
    pool = make_pool(2)
    first, second = current_questions(pool)
    address = f"/desk/questions/{pool.pk}/q/{first.pk}/"
    sent = fields_in(teacher.get(address).content.decode())
    sent["content"], sent["base"] = "Other?", str(second.pk)
    assert teacher.post(address, sent.dict()).status_code == 404
    assert Question.objects.count() == 2


def test_a_text_of_the_pool_is_chosen_and_none_is_lost(teacher: Client) -> None:
    rows = [
        {**ROWS[0], "id": str(n), "passage": "A fox and\ngrapes.", "question_set": "fable"} for n in (1, 2)
    ]
    rows[1]["question_set"] = ""  # it names none: the text's set is that of the other
    pool = make_pool([*rows, {**ROWS[0], "id": "3"}])
    page = teacher.get(f"/desk/questions/{pool.pk}/write").content.decode()
    assert "A fox and grapes. (1, 2)" in page
    (key,) = Passage.objects.values_list("pk", flat=True)
    sent = {**fields_in(page).dict(), "take-passage": key}
    chosen = {"HX-Request": "true", "HX-Trigger-Name": "take-passage"}

    def press(headers: dict[str, str]) -> tuple[str, str, str]:
        part = teacher.post(f"/desk/questions/{pool.pk}/sheet", sent, headers=headers).content.decode()
        fields = fields_in(f'<form id="question-form">{part}</form>')
        return part, str(fields["passage"]), str(fields["question_set"])

    assert press(chosen)[1:] == ("A fox and\ngrapes.", "fable")
    sent["passage"] = "My own."
    assert press({"HX-Request": "true"})[1] == "My own."  # another button
    part, passage, _ = press(chosen)
    assert passage == "My own."
    assert "would be lost" in part


def test_a_text_that_several_questions_have_is_changed_for_all_or_for_one(teacher: Client) -> None:
    rows = [{**ROWS[0], "id": str(n), "passage": "A fox.", "question_set": "fable"} for n in (1, 2, 3)]
    pool = make_pool([*rows, {**ROWS[0], "id": "4", "passage": "A hen."}])

    def texts() -> list[str]:
        pool.refresh_from_db()
        return [each.passage.content for each in current_questions(pool) if each.passage]

    def save(index: int, text: str, **more: str | None) -> str:
        pool.refresh_from_db()
        address = f"/desk/questions/{pool.pk}/q/{current_questions(pool)[index].pk}/"
        sent = {**fields_in(teacher.get(address).content.decode()).dict(), "passage": text, **more}
        sent = {name: value for name, value in sent.items() if value is not None}
        return str(teacher.post(address, sent, follow=True).content.decode())

    assert "beside 2 other questions" in save(0, "A fox and grapes.")
    assert texts() == ["A fox and grapes."] * 3 + ["A hen."]
    assert [each.version for each in current_questions(pool)] == [2, 2, 2, 1]
    assert Question.objects.filter(pool=pool).count() == 4 + 3  # no version that no revision has
    assert pool.current_revision is not None
    assert pool.current_revision.number == 2  # one revision for all
    save(1, "A wolf.", passage_everywhere=None)  # not ticked
    assert texts() == ["A fox and grapes.", "A wolf.", "A fox and grapes.", "A hen."]
    save(0, "A hen.")  # chosen among those that there are
    assert texts() == ["A hen.", "A wolf.", "A fox and grapes.", "A hen."]
    save(3, "")
    assert texts() == ["A hen.", "A wolf.", "A fox and grapes."]


def test_nothing_is_wrong_with_what_is_not_begun_and_hints_stand_apart(teacher: Client) -> None:
    pool = make_pool(1)
    sent = fields_in(teacher.get(f"/desk/questions/{pool.pk}/write").content.decode())
    assert "problems" not in checked(teacher, pool, sent.dict())
    sent["content"] = "Which ![](/images/x.png)?"
    assert "Before it can be saved" in checked(teacher, pool, sent.dict())
    for row, words in enumerate(("one", "two", "three")):
        sent[f"part-0-row-{row}-text"] = words
    sent["part-0-one"], sent["content"] = "B", "Which [[RESPONSE]]?"
    page = checked(teacher, pool, sent.dict())
    assert "Before it can be saved" not in page
    assert "can be saved as it is" in page


def test_what_is_measured_is_ticked_and_may_have_a_weight() -> None:
    sent = QueryDict("ticked=1&concept-0=on&concept-1=on&weight-0=&weight-1=0,5&weight-2=2")
    assert sheet_from(sent, 3).concepts == ["1", "0,5", "0"]
    view = view_of(Sheet(concepts=["1", "0,5", "0"]), ["A", "B", "C"])
    assert [bool(field.value) for field in view.concepts] == [True, True, False]
    weights = [field.value for field in view.parameters if field.name.startswith("weight")]
    assert weights == ["", "0,5", ""]
