"""QTI files → imported pools: one item alone, or a package (zip) of items, tests, stimuli and pictures."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote, unquote

from testing_engine.interchange.archives import SIGNATURE, Archive, ArchiveRefused, beside
from testing_engine.interchange.imported import ImportedPool, ImportedQuestion, Upload, UploadRefused
from testing_engine.interchange.markup import Element, MarkupRefused, parse_xml
from testing_engine.interchange.media import name_by_content, picture_in
from testing_engine.interchange.names import problem_of_name
from testing_engine.interchange.qti.items import Surroundings, read_item
from testing_engine.interchange.qti.own_metadata import (
    OwnMetadata,
    read_pool_metadata,
    read_question_metadata,
)
from testing_engine.interchange.workbooks import is_office_file
from testing_engine.questions.answers import number
from testing_engine.sentences import Sentence, reason_of, say

FORMAT: Final = "qti"
MANIFEST = "imsmanifest.xml"
_ROOT = re.compile(
    rb"<(?:[\w.-]+:)?(?:qti-)?(assessmentItem|assessment-item|assessmentTest|assessment-test)[\s>]"
)
_PARAMETERS = {"a": "discrimination", "b": "difficulty", "c": "guessing"}
_USAGE = re.compile(r"([abc])[-_ ]?(?:param|parm|parameter)s?", re.IGNORECASE)
_IGNORED = ("__MACOSX/",)


def is_qti(upload: Upload) -> bool:
    """A package, or one item. Packages of other systems are found out when they are read."""
    if upload.content.startswith(SIGNATURE):
        return not is_office_file(upload.content)
    begins = upload.content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    return begins.startswith(b"<") and _ROOT.search(begins) is not None


def read_qti(upload: Upload) -> ImportedPool:
    """Raises `UploadRefused`."""
    try:
        if upload.content.startswith(SIGNATURE):
            return _Package(Archive(upload.content), upload).pool()
        return _one_item(upload)
    except (ArchiveRefused, MarkupRefused) as error:
        raise UploadRefused(say("{name}: {error}", name=upload.name, error=reason_of(error))) from error


def _one_item(upload: Upload) -> ImportedPool:
    root = parse_xml(upload.content)
    if root.name != "assessmentItem":
        raise UploadRefused(
            say(
                "{name} is a {element} alone; bring the whole package (zip) with its items.",
                name=upload.name,
                element=root.name,
            )
        )
    media = _Media(None)
    around = Surroundings(media.name_of, variants=upload.variants, seed=upload.seed)
    questions = read_item(upload.name, root, around)
    return ImportedPool(FORMAT, root.get("title"), questions, media=media.found)


class _Media:
    """Pictures that items show, by the name that their texts use."""

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive
        self.found: dict[str, bytes] = {}

    def name_of(self, file: str, address: str) -> str | None:
        """The name of the medium that a file means by an address; None where there is none."""
        if inside := picture_in(address):
            name = name_by_content(*inside)
            self.found[name] = inside[1]
            return name
        path = beside(file, address.partition("?")[0].partition("#")[0])
        if self._archive is None or path not in self._archive:
            return None
        name = quote(path, safe="/")
        if name not in self.found:
            self.found[name] = self._archive.read(path)
        return name


class _Package:
    def __init__(self, archive: Archive, upload: Upload) -> None:
        self._archive, self._upload = archive, upload
        self._roots: dict[str, Element | Sentence] = {}  # a path's root, or why it has none
        self._media = _Media(archive)
        self._own = OwnMetadata()

    def pool(self) -> ImportedPool:
        paths = list(self._paths())
        read = {path: self._root(path) for path in paths}
        tests = [
            (p, root)
            for p, root in read.items()
            if isinstance(root, Element) and root.name == "assessmentTest"
        ]
        order = _Order()
        for path, test in tests:
            order.read(path, test)
        items = {
            path: None
            for path, root in read.items()
            if isinstance(root, str) or root.name == "assessmentItem"
        }
        named = [path for path in order.items if path not in items]
        if not items and not named:
            raise UploadRefused(say("The package holds no QTI item."))
        around = Surroundings(
            medium=self._media.name_of,
            stimulus=self._stimulus,
            parameters=_usage_data(read.values()),
            areas=order.areas if order.tells_areas else {},
            losses=order.losses,
            own=self._own.questions,
            variants=self._upload.variants,
            seed=self._upload.seed,
        )
        ordered = [*order.items, *(path for path in items if path not in order.items)]
        questions = [question for path in ordered for question in self._questions(path, around)]
        title = tests[0][1].get("title") if tests else ""
        return ImportedPool(FORMAT, title, _in_sets(questions), media=self._media.found, **self._own.pool)

    def _paths(self) -> Iterator[str]:
        """The XML files that the manifest names, in its order; all where it names no item of ours."""
        every = [
            name
            for name in self._archive.names
            if name.lower().endswith(".xml") and not name.startswith(_IGNORED)
        ]
        manifests = sorted(
            (name for name in every if PurePath(name).name == MANIFEST), key=lambda n: n.count("/")
        )
        if not manifests:
            yield from every
            return
        manifest = parse_xml(self._archive.read(manifests[0]))
        named: dict[str, None] = {}
        own: dict[str, Mapping[str, Any] | None] = {}
        for resource in (each for each in manifest.walk() if each.name == "resource"):
            hrefs = [resource.get("href"), *(file.get("href") for file in resource.elements("file"))]
            for href in hrefs:
                path = beside(manifests[0], unquote(href))
                if path.lower().endswith(".xml") and path in self._archive:
                    named[path] = None
            has_own, told = read_question_metadata(resource)
            if has_own:
                own[beside(manifests[0], unquote(hrefs[0]))] = told
        self._own = OwnMetadata(read_pool_metadata(manifest), own)
        yield from named or (name for name in every if name not in manifests)

    def _root(self, path: str) -> Element | Sentence:
        if path not in self._roots:
            try:
                self._roots[path] = parse_xml(self._archive.read(path))
            except MarkupRefused as error:
                self._roots[path] = error.sentence
        return self._roots[path]

    def _questions(self, path: str, around: Surroundings) -> list[ImportedQuestion]:
        if path not in self._archive:
            missing = say("The test names it, and the file does not hold it.")
            return [ImportedQuestion(path, "", None, refusals=(missing,))]
        root = self._root(path)
        if isinstance(root, str):
            return [ImportedQuestion(path, "", None, refusals=(root,))]
        if root.name != "assessmentItem":
            reason = say("It is a {element}, no item.", element=root.name)
            return [ImportedQuestion(path, root.get("identifier"), None, refusals=(reason,))]
        return read_item(path, root, around)

    def _stimulus(self, file: str, address: str) -> tuple[str, Element] | None:
        path = beside(file, unquote(address))
        root = self._root(path) if path in self._archive else None
        return (path, root) if isinstance(root, Element) else None


class _Order:
    """What tests say of items: their order, and the section in which each stands."""

    def __init__(self) -> None:
        self.items: dict[str, None] = {}
        self.areas: dict[str, str] = {}
        self.losses: dict[str, tuple[Sentence, ...]] = {}

    @property
    def tells_areas(self) -> bool:
        """Whether titles of sections tell questions apart; the only title of a whole test says nothing."""
        return len(set(self.areas.values())) > 1 or 0 < len(self.areas) < len(self.items)

    def read(self, file: str, test: Element) -> None:
        for part in test.elements("testPart", "assessmentSection"):
            self._read(file, part, "")

    def _read(self, file: str, element: Element, area: str) -> None:
        if element.name == "assessmentSection":
            title = " ".join(element.get("title").split())
            area = title if title and problem_of_name(title) is None else area
        for child in element.elements("assessmentSection", "assessmentItemRef"):
            if child.name == "assessmentSection":
                self._read(file, child, area)
                continue
            path = beside(file, unquote(child.get("href")))
            if path in self.items:
                continue
            self.items[path] = None
            if area:
                self.areas[path] = area
            self.losses[path] = tuple(_losses_of(child))


def _losses_of(reference: Element) -> Iterator[Sentence]:
    for weight in reference.elements("weight"):
        if number(weight.get("value")) != 1.0:
            yield say("Its weight in the test ({value}) is not taken.", value=weight.get("value")[:20])
    if reference.elements("preCondition", "branchRule"):
        yield say("When the test shows it (preCondition, branchRule) is not taken.")


def _usage_data(roots: Iterable[Element | str]) -> dict[str, dict[str, float]]:
    """Item parameters of usage data: statistics called A-Param (or A-Parm), B-Param and C-Param."""
    found: dict[str, dict[str, float]] = {}
    for root in roots:
        if not isinstance(root, Element) or root.name != "usageData":
            continue
        for statistic in (each for each in root.walk() if each.name.lower().endswith("statistic")):
            called = _USAGE.fullmatch(statistic.get("name"))
            value = number(next((each.text for each in statistic.elements("value")), ""))
            if called is None or value is None:
                continue
            for target in statistic.elements("targetObject"):
                parameters = found.setdefault(target.get("identifier"), {})
                parameters[_PARAMETERS[called[1].lower()]] = value
    return found


IN_SETS = {"enemy_groups", "question_set"}  # who has one of these is told already with whom it comes


def _in_sets(questions: list[ImportedQuestion]) -> list[ImportedQuestion]:
    """Questions that share a passage are a question set; variants of one question are none, being enemies."""
    passages = [
        question.row.get("passage", "") if question.row and not IN_SETS.intersection(question.row) else ""
        for question in questions
    ]
    times = Counter(passages)
    made: list[ImportedQuestion] = []
    for question, passage in zip(questions, passages, strict=True):
        if question.row is not None and passage and times[passage] > 1:
            name = "set-" + hashlib.sha256(passage.encode()).hexdigest()[:12]
            row = {**question.row, "question_set": name}
            question = ImportedQuestion(question.source, question.id, row, question.losses)
        made.append(question)
    return made
