"""QTI 1.2 files → imported pools: one XML file, Canvas's export of quizzes, a Common Cartridge (.imscc).

Canvas writes a quiz twice into a cartridge: as the cartridge's profile allows, and whole under
`non_cc_assessments`. The whole one is taken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Final
from urllib.parse import unquote

from testing_engine.interchange.archives import SIGNATURE, Archive, ArchiveRefused, beside
from testing_engine.interchange.drafting import Draft, Drafting, Passage, QuestionRefused, area_of, one_line
from testing_engine.interchange.imported import ImportedPool, Upload, UploadRefused
from testing_engine.interchange.markup import Element, MarkupRefused, parse_xml
from testing_engine.interchange.media import name_by_content, picture_in
from testing_engine.interchange.moodle_answers import read_formatted
from testing_engine.interchange.notation import media_name
from testing_engine.interchange.qti12.items import ask, metadata_of, type_of
from testing_engine.interchange.qti12.materials import html_of
from testing_engine.questions.answers import number
from testing_engine.sentences import Sentence, reason_of, say, together

FORMAT: Final = "qti12"
_ROOT = re.compile(rb"<(?:[\w.-]+:)?questestinterop[\s>]")
_HEAD = 4096  # bytes in which a file's root must stand
_WHOLE = "non_cc_assessments/"
_META = "assessment_meta.xml"
_FILES = re.compile(r"(?:\$|%24)IMS-CC-FILEBASE(?:\$|%24)/*", re.IGNORECASE)
_FOLDERS = ("", "web_resources/")  # where a cartridge keeps what FILEBASE means
_TEXT_ONLY = "text_only_question"
_ROOT_SECTION = ("", "root_section")


def is_qti12(upload: Upload) -> bool:
    """Whether it is such a file, or a zip that holds one."""
    if not upload.content.startswith(SIGNATURE):
        return _ROOT.search(upload.content[:_HEAD]) is not None
    try:
        return any(True for _ in _documents(Archive(upload.content)))
    except ArchiveRefused:
        return False  # whoever reads it will say why


def read_qti12(upload: Upload) -> ImportedPool:
    """Its questions. Raises `UploadRefused` where the file is hostile, or holds none."""
    try:
        if upload.content.startswith(SIGNATURE):
            archive: Archive | None = Archive(upload.content)
            assert archive is not None
            documents = {name: archive.read(name) for name in _documents(archive)}
        else:
            archive, documents = None, {upload.name: upload.content}
        broken: dict[str, Sentence] = {}
        banks = _banks(documents, broken)
        if broken and not banks:
            raise UploadRefused(say("{name}: {error}", name=upload.name, error=together(broken.values())))
        return _Reading(archive).pool(banks, broken, upload.name)
    except (ArchiveRefused, MarkupRefused) as error:
        raise UploadRefused(say("{name}: {error}", name=upload.name, error=reason_of(error))) from error


def _documents(archive: Archive) -> Iterator[str]:
    for name in archive.names:
        is_xml = name.lower().endswith((".xml", ".qti")) and not name.startswith("__MACOSX/")
        if is_xml and _ROOT.search(archive.head(name, _HEAD)):
            yield name


@dataclass(frozen=True)
class _Bank:
    """An assessment or an object bank, and the file in which it stands."""

    path: str
    element: Element

    @property
    def title(self) -> str:
        return one_line(self.element.get("title") or metadata_of(self.element).get("bank_title", ""))


def _banks(documents: dict[str, bytes], broken: dict[str, Sentence]) -> list[_Bank]:
    """Each once, in the file's order; items that stand alone are a bank of their own. `broken` gets the files
    that cannot be read, and why.
    """
    found: dict[str, _Bank] = {}
    for path, content in documents.items():
        try:
            root = parse_xml(content)
        except MarkupRefused as error:
            broken[path] = error.sentence
            continue
        if root.name != "questestinterop":
            raise UploadRefused(
                say("{path} is no QTI 1.2: it begins with <{element}>.", path=path, element=root.name)
            )
        for element in root.elements("assessment", "objectbank") or [root]:
            name = element.get("ident") or path
            if name not in found or path.startswith(_WHOLE):
                found[name] = _Bank(path, element)
    return list(found.values())


class _Reading:
    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive
        self._drafting = Drafting(FORMAT)
        self._count = 0

    def pool(self, banks: list[_Bank], broken: dict[str, Sentence], name_of_file: str) -> ImportedPool:
        titles = [bank.title for bank in banks if bank.title]
        for bank in banks:
            self._bank(bank, [bank.title] if len(banks) > 1 else [])
        for path, reason in broken.items():
            self._drafting.refuse(Draft(path, PurePath(path).stem), reason)
        if not self._count:
            raise UploadRefused(say("{name} holds no question of QTI 1.2.", name=name_of_file))
        made = self._drafting.pool()
        return ImportedPool(
            FORMAT, titles[0] if len(set(titles)) == 1 else "", made.questions, (), made.media
        )

    def _bank(self, bank: _Bank, area: list[str]) -> None:
        items = [each for each in bank.element.walk() if each.name == "item"]
        points = {value for item in items if (value := metadata_of(item).get("points_possible"))}
        reading = _BankReading(
            self, bank, self._is_shuffled(bank), len({number(each) for each in points}) > 1
        )
        reading.section(bank.element, area)

    def _is_shuffled(self, bank: _Bank) -> bool:
        """What Canvas says of a quiz beside it."""
        stem = PurePath(bank.path).name.split(".")[0]
        for path in (beside(bank.path, _META), f"{stem}/{_META}"):
            if self._archive is not None and path in self._archive:
                meta = parse_xml(self._archive.read(path))
                return any(e.name == "shuffle_answers" and e.text.strip() == "true" for e in meta.walk())
        return False

    def take(self, draft: Draft, item: Element, kind: str, path: str, is_shuffled: bool) -> None:
        self._count += 1
        if not draft.name:
            draft.name = f"Question {self._count}"
        try:
            ask(item, kind, draft, partial(self.read, draft, path), is_shuffled=is_shuffled)
            self._drafting.add(draft)
        except QuestionRefused as error:
            self._drafting.refuse(draft, reason_of(error))

    def passage(self, draft: Draft, text: str) -> Passage:
        self._count += 1
        return self._drafting.passage(draft, text)

    def refuse(self, draft: Draft, reason: Sentence) -> None:
        self._count += 1
        self._drafting.refuse(draft, reason)

    def read(self, draft: Draft, path: str, html: str, *, is_one_line: bool = False) -> str:
        """HTML as content. A picture that the file does not hold refuses the question."""

        def find_picture(address: str) -> str:
            found = self._picture(path, address)
            if found is None:
                raise QuestionRefused(say("The picture {name} is not in the file.", name=address[:80]))
            return found

        return read_formatted(html, "html", draft, find_picture, is_one_line=is_one_line)

    def _picture(self, path: str, address: str) -> str | None:
        if inside := picture_in(address.strip()):
            return self._drafting.add_media(name_by_content(*inside), inside[1])
        given = address.partition("?")[0].partition("#")[0]
        named = unquote(_FILES.sub("", given))
        folders = [f"{folder}{named}" for folder in _FOLDERS]
        candidates = [beside("", each) for each in folders] if _FILES.search(given) else []
        for candidate in [*candidates, beside(path, named), *(beside("", each) for each in folders)]:
            if self._archive is not None and candidate in self._archive:
                return self._drafting.add_media(media_name(candidate), self._archive.read(candidate))
        return None


class _BankReading:
    """The sections and items of one bank."""

    def __init__(self, reading: _Reading, bank: _Bank, is_shuffled: bool, names_points: bool) -> None:
        self._reading, self._bank = reading, bank
        self._is_shuffled, self._names_points = is_shuffled, names_points

    def section(self, element: Element, area: list[str], passage: Passage | None = None) -> None:
        """A text belongs to the questions that follow it, up to the next text or the end of its section; one
        right before a section belongs to that one alone."""
        passage, is_new = passage or Passage(), False
        for child in element.elements("section", "item"):
            if child.name == "section":
                title = one_line(child.get("title"))
                inner = [*area, title] if child.get("ident") not in _ROOT_SECTION and title else area
                self.section(child, inner, passage if is_new else None)
                passage, is_new = Passage(), False
            else:
                text = self._item(child, area, passage)
                passage, is_new = text or passage, text is not None

    def _item(self, item: Element, area: list[str], passage: Passage) -> Passage | None:
        """Take one question; or, where it is a text alone, give the passage of those that follow."""
        metadata = metadata_of(item)
        kind = type_of(metadata)
        name = one_line(item.get("ident") or item.get("title"))
        draft = Draft.after(passage, say("{path} line {line}", path=self._bank.path, line=item.line), name)
        draft.area = area_of(area, draft)
        if kind == _TEXT_ONLY:
            return self._passage(item, Draft(draft.source, name))
        if self._names_points and (points := metadata.get("points_possible")):
            draft.lose(say("Its points in the quiz ({points}) are not taken.", points=points[:20]))
        self._reading.take(draft, item, kind, self._bank.path, self._is_shuffled)
        return None

    def _passage(self, item: Element, draft: Draft) -> Passage | None:
        presentation = item.first("presentation")
        try:
            html = html_of(presentation) if presentation is not None else ""
            text = self._reading.read(draft, self._bank.path, html)
        except QuestionRefused as error:
            self._reading.refuse(draft, say("A text before questions: {error}", error=reason_of(error)))
            return None
        return self._reading.passage(draft, text)
