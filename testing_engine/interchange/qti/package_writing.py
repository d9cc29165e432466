"""A pool as a QTI 3.0 package: a manifest, a test that has the order and the areas, an item a question,
shared stimuli, media, item parameters as usage data, and what QTI has no place for in the manifest.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from math import sqrt
from typing import Any

from lxml import etree

from testing_engine.interchange.exported import (
    ExportedQuestion,
    PoolContents,
    Written,
    addresses_in,
    reported,
)
from testing_engine.interchange.json_writing import zipped
from testing_engine.interchange.qti.items_writing import write_item, write_stimulus
from testing_engine.interchange.qti.own_metadata import pool_metadata, question_metadata
from testing_engine.interchange.qti.texts import Node, NotCarried, element_in, qti
from testing_engine.psychometrics.items.states import NOT_CALIBRATED
from testing_engine.sentences import Sentence, first_up, say

MANIFEST, TEST, USAGE = "imsmanifest.xml", "assessment.xml", "usage-data.xml"
CONTENT_PACKAGING = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
USAGE_DATA = "http://www.imsglobal.org/xsd/imsqti_usagedata_v3p0"
GLOSSARY = "https://www.imsglobal.org/spec/qti/v3p0/usagedata/glossary"
_ITEM, _STIMULUS, _TEST = "imsqti_item_xmlv3p0", "imsqti_stimulus_xmlv3p0", "imsqti_test_xmlv3p0"


def write_qti(pool: PoolContents) -> Written:
    """Every question that QTI can say; the others are left out by name."""
    return _Package(pool).written()


class _Package:
    def __init__(self, pool: PoolContents) -> None:
        self._pool = pool
        self._media = {address: f"media/{address.rpartition('/')[2]}" for address in pool.media}
        self._beside = {address: f"../{path}" for address, path in self._media.items()}  # from a folder
        self._files: dict[str, bytes] = {}
        self._resources: list[tuple[str, str, Sequence[str]]] = []  # path, type, what it shows
        self._stimuli: dict[str, tuple[str, list[Sentence]]] = {}  # passage → path, losses
        self._items: list[tuple[str, Mapping[str, Any]]] = []
        self._own: dict[str, Node] = {}  # path of an item → what QTI has no place for

    def written(self) -> Written:
        report = [self._question(index, row) for index, row in enumerate(self._pool.rows, start=1)]
        self._add(TEST, _TEST, _test(self._pool.name, self._items), [path for path, _ in self._items])
        self._add(USAGE, "qtiusagedata/xml", _usage_data([row for _, row in self._items]), ())
        files = {MANIFEST: _document(self._manifest()), **self._files}
        files |= {path: self._pool.media[address] for address, path in self._media.items()}
        return Written(zipped(files), "application/zip", "zip", tuple(report))

    def _question(self, index: int, row: Mapping[str, Any]) -> ExportedQuestion:
        identifier, path = str(row["id"]), f"items/{index:05}.xml"
        try:
            stimulus, losses = self._stimulus(row.get("passage", ""))
            item = write_item(row, self._beside, f"../{stimulus}" if stimulus else None)
        except NotCarried as reason:
            said = say("{problem}.", problem=first_up(reason.sentence))
            return ExportedQuestion(identifier, "left_out", (said,))
        shown = [self._media[each] for each in addresses_in({**row, "passage": ""}) if each in self._media]
        self._add(path, _ITEM, item.element, [*shown, *([stimulus] if stimulus else [])])
        self._items.append((path, row))
        self._own[path] = question_metadata(row, item.merged)
        return reported(identifier, [*item.losses, *losses])

    def _stimulus(self, passage: str) -> tuple[str, list[Sentence]]:
        if not passage:
            return "", []
        if passage not in self._stimuli:
            path = f"stimuli/{len(self._stimuli) + 1:05}.xml"
            written = write_stimulus(_identifier(path), passage, self._beside)
            shown = [self._media[each] for each in addresses_in({"passage": passage}) if each in self._media]
            self._add(path, _STIMULUS, written.element, shown)
            self._stimuli[passage] = path, written.losses
        return self._stimuli[passage]

    def _add(self, path: str, kind: str, root: Node, needs: Sequence[str]) -> None:
        self._files[path] = _document(root)
        self._resources.append((path, kind, needs))

    def _manifest(self) -> Node:
        packed = partial(element_in, CONTENT_PACKAGING)
        schema = packed("schema", None, text="QTI Package")
        version = packed("schemaversion", None, text="3.0.0")
        documents = {path for path, _, _ in self._resources}
        resources = packed("resources")
        for path, kind, needs in self._resources:
            named = {"identifier": _identifier(path), "type": kind, "href": path}
            own = [packed("metadata", None, self._own[path])] if path in self._own else []
            resource = packed("resource", named, *own, packed("file", {"href": path}))
            resource.extend(
                packed("file", {"href": each}) for each in dict.fromkeys(needs) if each not in documents
            )
            resource.extend(
                packed("dependency", {"identifierref": _identifier(each)})
                for each in dict.fromkeys(needs)
                if each in documents
            )
            resources.append(resource)
        head = packed("metadata", None, schema, version, pool_metadata(self._pool))
        return packed("manifest", {"identifier": "pool"}, head, packed("organizations"), resources)


def _identifier(path: str) -> str:
    """A name for a file: `items/00001.xml` → `items-00001`."""
    return path.partition(".")[0].replace("/", "-")


def _document(root: Node) -> bytes:
    etree.indent(root) if root.tag == f"{{{CONTENT_PACKAGING}}}manifest" else None
    found: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return found


def _test(name: str, items: Sequence[tuple[str, Mapping[str, Any]]]) -> Node:
    """The items in their order; neighbours of one area in a section that is called by it."""
    named = {"identifier": "test", "title": name or "Questions"}
    part_named = {"identifier": "part", "navigation-mode": "linear", "submission-mode": "individual"}
    part = qti("qti-test-part", part_named)
    for number, (area, members) in enumerate(groupby(items, lambda item: item[1].get("area", "")), start=1):
        section_named = {"identifier": f"section-{number}", "title": area, "visible": "false"}
        references = (
            qti("qti-assessment-item-ref", {"identifier": _identifier(path), "href": path})
            for path, _ in members
        )
        part.append(qti("qti-assessment-section", section_named, *references))
    return qti("qti-assessment-test", named, part)


def _usage_data(rows: Sequence[Mapping[str, Any]]) -> Node:
    """a, b and c of the logistic model with D = 1, an item each; nothing of one that is not calibrated."""
    used = partial(element_in, USAGE_DATA)
    root = used("usageData", {"glossary": GLOSSARY})
    for row in (each for each in rows if each.get("state") != NOT_CALIBRATED):
        slope = row["discrimination"] * sqrt(sum(weight**2 for weight in row["concepts"]))
        for name, value in (("A-Param", slope), ("B-Param", row["difficulty"]), ("C-Param", row["guessing"])):
            target = used("targetObject", {"identifier": str(row["id"])})
            written = used("value", {"baseType": "float"}, text=repr(float(value)))
            root.append(used("ordinaryStatistic", {"name": name, "context": "pool"}, target, written))
    return root
