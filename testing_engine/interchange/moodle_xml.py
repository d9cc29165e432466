"""Moodle XML: the questions of a bank with their categories, pictures and fractions.

A description becomes the passage of the questions that follow it in its category.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from lxml import etree

from testing_engine.interchange import moodle_questions
from testing_engine.interchange.drafting import Draft, Drafting, Passage, QuestionRefused, area_of, one_line
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.markup import MarkupRefused, parse_tree
from testing_engine.interchange.media import from_base64, picture_in
from testing_engine.interchange.moodle_answers import FEEDBACK, read_formatted
from testing_engine.interchange.moodle_categories import parts_of_category
from testing_engine.interchange.notation import media_name
from testing_engine.sentences import reason_of, say

LONGEST_FILE = 200_000_000  # bytes
_FEEDBACKS = {
    *("generalfeedback", "feedback", "correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"),
}
_PLACE = "@@PLUGINFILE@@"
_REFUSED = {
    "essay": say("An essay is marked by a person"),
    "calculated": say("Its numbers are drawn by chance"),
    "calculatedsimple": say("Its numbers are drawn by chance"),
    "calculatedmulti": say("Its numbers are drawn by chance"),
    "ddmarker": say("It asks for a place in a picture"),
    "ddimageortext": say("It asks for places in a picture"),
    "randomsamatch": say("It draws its parts from other questions by chance"),
    "random": say("It draws another question by chance"),
}
Ask = Callable[[moodle_questions.Asked], None]


def is_moodle_xml(upload: Upload) -> bool:
    head = upload.content[:4000].lstrip(b"\xef\xbb\xbf \r\n\t")
    return head.startswith(b"<") and re.search(rb"<quiz[\s>/]", head) is not None


def read_moodle_xml(upload: Upload) -> ImportedPool:
    """Its questions. Raises `UploadRefused` where the file is no Moodle XML, or declares entities."""
    root = _root(upload)
    drafting = Drafting("moodle_xml")
    category: list[str] = []
    passage = Passage()
    count = 0
    for element in root.iterchildren("question"):
        kind = element.get("type", "")
        if kind == "category":
            category, passage = parts_of_category(_text(element.find("category"))), Passage()
            continue
        count += 1
        name = one_line(element.findtext("idnumber") or "") or one_line(_text(element.find("name")))
        draft = Draft.after(passage, say("line {line}", line=element.sourceline), name)
        draft.area = area_of(category, draft)
        try:
            passage = _read(drafting, element, kind, draft, count) or passage
        except QuestionRefused as error:
            drafting.refuse(draft, reason_of(error))
    if not count:
        raise UploadRefused(say("{name} has no question.", name=upload.name))
    return drafting.pool()


def _root(upload: Upload) -> etree._Element:
    try:
        root = parse_tree(upload.content, most_bytes=LONGEST_FILE, allows_doctype=False)
    except MarkupRefused as error:
        raise UploadRefused(say("{name}: {error}", name=upload.name, error=reason_of(error))) from error
    if root.tag != "quiz":
        raise UploadRefused(
            say(
                "{name} is no Moodle XML: it begins with <{tag}>, not with <quiz>.",
                name=upload.name,
                tag=root.tag,
            )
        )
    return root


def _read(drafting: Drafting, element: etree._Element, kind: str, draft: Draft, count: int) -> Passage | None:
    """Take one question; or, where it is a description, give the passage of those that follow."""
    if kind == "description":
        draft = Draft(draft.source, draft.name)  # without what stood before it
    asked = moodle_questions.Asked(element, draft, _reader(drafting, draft, count))
    content = asked.read(element.find("questiontext"))
    _name_losses(element, draft)
    if kind == "description":
        return drafting.passage(draft, content)
    ask: Ask | None = moodle_questions.KINDS.get(kind)
    if ask is None:
        reason = _REFUSED.get(
            kind, say("There is no way to take a question of the kind “{kind}”", kind=one_line(kind)[:40])
        )
        raise QuestionRefused(
            say("{reason}; it cannot be taken ({kind}).", reason=reason, kind=one_line(kind)[:40])
        )
    draft.content = content
    ask(asked)
    drafting.add(draft)
    return None


def _name_losses(element: etree._Element, draft: Draft) -> None:
    if any(_text(each).strip() for each in element.iter(*_FEEDBACKS)):
        draft.lose(FEEDBACK)
    if any(_text(hint).strip() for hint in element.iterchildren("hint")):
        draft.lose(say("Hints are dropped."))
    if (element.findtext("image") or "").strip():  # as Moodle 1 wrote them, beside the text
        draft.lose(say("The picture {name} is dropped.", name=one_line(element.findtext("image") or "")[:80]))
    if element.find("tags/tag") is not None:
        draft.lose(say("Tags are dropped."))


def _reader(drafting: Drafting, draft: Draft, count: int) -> moodle_questions.ReadElement:
    """How an element with a text, and files beside it, becomes content."""

    def read(element: etree._Element | None, text: str | None = None, *, is_one_line: bool = False) -> str:
        if element is None:
            return ""
        files = dict(_files(element))

        def find_picture(address: str) -> str | None:
            content: bytes | None
            if embedded := picture_in(address.strip()):
                name, content = f"embedded.{embedded[0]}", embedded[1]
            elif address.startswith(_PLACE):
                name = unquote(address[len(_PLACE) :].split("?")[0]).lstrip("/")
                content = from_base64(files.get(name, ""))
            else:
                return None
            if not content:
                return None
            return drafting.add_media(media_name(f"question{count}/{name}"), content)

        shape = element.get("format", "moodle_auto_format")
        written = _text(element) if text is None else text
        return read_formatted(written, shape, draft, find_picture, is_one_line=is_one_line)

    return read


def _files(element: etree._Element) -> Iterator[tuple[str, str]]:
    for file in element.iterchildren("file"):
        if file.get("encoding", "base64") == "base64":
            yield (
                f"{file.get('path', '/')}{file.get('name', '')}".lstrip("/"),
                file.text or "",
            )


def _text(element: etree._Element | None) -> str:
    """The text of an element's <text>, or its own, as older files have it."""
    if element is None:
        return ""
    inner = element.find("text")
    return str((element if inner is None else inner).xpath("string()"))
