"""Items of QTI 1.2, as Canvas writes them and Common Cartridge does → what is asked and what earns what."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from itertools import count
from typing import Any, Protocol

from testing_engine.interchange.drafting import Draft, QuestionRefused, one_line
from testing_engine.interchange.markup import Element
from testing_engine.interchange.moodle_answers import FEEDBACK
from testing_engine.interchange.qti12.materials import html_of, parts_of, refused_media
from testing_engine.interchange.qti12.scoring import Response, Scoring
from testing_engine.questions.interactions import MOST_CHOICES, MOST_INTERACTIONS, option_id
from testing_engine.sentences import say

REFUSED = {
    "essay_question": say("An essay is marked by a person"),
    "cc.essay.v0p1": say("An essay is marked by a person"),
    "file_upload_question": say("An uploaded file is marked by a person"),
    "calculated_question": say("Its numbers are drawn by chance"),
    "hot_spot_question": say("It asks for a place in a picture"),
}
BLANKS = ("fill_in_multiple_blanks_question", "multiple_dropdowns_question")
_NUMERIC = "numerical_question"
_MATCHING = "matching_question"
_COMPARISONS = ("varlt", "varlte", "vargt", "vargte")
_IDENTIFIER = re.compile(r"[^\s\[\]]{1,64}")
_OPENING, _CLOSING = "\ue020", "\ue021"
_TYPE_FIELDS = ("question_type", "cc_profile")

Plain = dict[str, Any]


class ReadHtml(Protocol):
    """HTML of the file as content."""

    def __call__(self, html: str, *, is_one_line: bool = False) -> str: ...


def metadata_of(element: Element) -> dict[str, str]:
    """What an item or an assessment says of itself: fields with their entries."""
    found: dict[str, str] = {}
    for child in element.elements():
        if child.name in ("itemmetadata", "qtimetadata"):
            found |= metadata_of(child)
        elif child.name == "qtimetadatafield":
            label, entry = child.first("fieldlabel"), child.first("fieldentry")
            if label is not None and entry is not None:
                found[label.text.strip()] = entry.text.strip()
        elif child.name.startswith("qmd_"):
            found[child.name] = child.text.strip()
    return found


def type_of(metadata: Mapping[str, str]) -> str:
    """Canvas's `question_type`, Common Cartridge's `cc_profile`, or "" where the file says neither."""
    return next((metadata[name] for name in _TYPE_FIELDS if metadata.get(name)), "")


def ask(item: Element, kind: str, draft: Draft, read: ReadHtml, *, is_shuffled: bool = False) -> None:
    """Put into the draft what the item asks. Raises `QuestionRefused`."""
    if kind in REFUSED:
        raise QuestionRefused(
            say("{refused}; it cannot be taken ({kind}).", refused=REFUSED[kind], kind=kind)
        )
    if medium := refused_media(item):
        raise QuestionRefused(say("It needs {medium}, which is not taken.", medium=medium))
    presentation = item.first("presentation")
    if presentation is None:
        raise QuestionRefused(say("It has no presentation."))
    parts = list(parts_of(presentation))
    given = [part for part in parts if part.name.startswith("response_")]
    if len(given) > MOST_INTERACTIONS:
        raise QuestionRefused(say("It asks for more than {most} answers.", most=MOST_INTERACTIONS))
    text = "".join(html_of(part) for part in parts if part.name == "material")
    _name_losses(item, draft)
    asking = _Asking(item, kind, draft, read, is_shuffled)
    if kind == _MATCHING:
        asking.match(given, text)
    elif kind in BLANKS:
        asking.blanks(given, text)
    else:
        asking.each(given, text)
    asking.score()


def _name_losses(item: Element, draft: Draft) -> None:
    if any(each.text.strip() for each in item.elements("itemfeedback")):
        draft.lose(FEEDBACK)


class _Asking:
    def __init__(self, item: Element, kind: str, draft: Draft, read: ReadHtml, is_shuffled: bool) -> None:
        self._item, self._kind, self._draft, self._read = item, kind, draft, read
        self._is_shuffled = is_shuffled
        self._responses: dict[str, Response] = {}
        self._accepted: dict[str, list[str]] = {}  # of blanks that list what they accept

    # --- What is asked ---

    def each(self, given: Sequence[Element], html: str) -> None:
        """Every response by itself, after the text."""
        self._draft.content = self._read(html)
        numbers = count(1)
        for element in given:
            name = "RESPONSE" if len(given) == 1 else f"R{next(numbers)}"
            if element.name == "response_lid" and _labels(element):
                self._choice(element, name)
            elif element.name in ("response_str", "response_num"):
                self._typed(element, name)
            else:
                raise QuestionRefused(
                    say(
                        "Line {line}: {element} cannot be taken.",
                        line=element.line,
                        element=element.name,
                    )
                )
        if not self._draft.content.strip() and self._draft.interactions:
            self._draft.content = str(self._draft.interactions[0].pop("prompt", ""))

    def blanks(self, given: Sequence[Element], html: str) -> None:
        """Canvas: `[name]` in the text is the place of the response whose own text is the name."""
        places: dict[str, str] = {}
        for index, element in enumerate(given, start=1):
            blank = f"[{_plain(html_of(element))}]"
            name = f"R{index}"
            if blank == "[]" or blank in places or blank not in html:
                raise QuestionRefused(
                    say(
                        "Line {line}: the text has no place for the blank {blank}.",
                        line=element.line,
                        blank=blank[:40],
                    )
                )
            places[blank] = name
            if self._kind == BLANKS[0]:
                self._accepting(element, name)
            else:
                values, choices = self._choices(element)
                self._responses[element.get("ident")] = Response(name, "one", values)
                shuffle = {"shuffle": True} if self._is_shuffled else {}
                self._ask({"type": "inlineChoice", "response": name, "choices": choices, **shuffle})
        html = html.replace(_OPENING, "").replace(_CLOSING, "")
        for blank, name in places.items():  # the first place of each; signs that no file has stand in between
            html = html.replace(blank, f"{_OPENING}{name}{_CLOSING}", 1)
        self._draft.content = self._read(html).replace(_OPENING, "[[").replace(_CLOSING, "]]")

    def match(self, given: Sequence[Element], html: str) -> None:
        """Canvas: a list of the same answers for each thing on the left."""
        self._draft.content = self._read(html)
        texts: dict[str, str] = {}  # what can be chosen → its text, of all lists
        for element in given:
            _check_count(element)
            for label in _labels(element):
                texts.setdefault(label.get("ident"), self._read(html_of(label), is_one_line=True))
        ids = {text: f"T{index}" for index, text in enumerate(sorted(set(texts.values())), start=1)}
        sources = []
        for index, element in enumerate(given, start=1):
            content = self._read(html_of(element), is_one_line=True)
            sources.append({"id": f"S{index}", "content": content})
            values = {label.get("ident"): ids[texts[label.get("ident")]] for label in _labels(element)}
            self._responses[element.get("ident")] = Response("RESPONSE", "pair", values, f"S{index}")
        targets = [{"id": name, "content": text, "match_max": 0} for text, name in ids.items()]
        made = {"type": "match", "response": "RESPONSE", "sources": sources, "targets": targets}
        self._ask({**made, "shuffle": True})

    def _choice(self, element: Element, name: str) -> None:
        values, choices = self._choices(element)
        is_single = element.get("rcardinality", "Single").lower() == "single"
        self._responses[element.get("ident")] = Response(name, "one" if is_single else "several", values)
        made = {"type": "choice", "response": name, "choices": choices, "max_choices": 1 if is_single else 0}
        render = element.first("render_choice")
        is_shuffled = self._is_shuffled or (render is not None and render.get("shuffle").lower() == "yes")
        self._ask({**made, "shuffle": is_shuffled, "prompt": self._read(html_of(element))})

    def _choices(self, element: Element) -> tuple[dict[str, str], list[Plain]]:
        """The file's identifiers → ours, and the choices."""
        _check_count(element)
        values: dict[str, str] = {}
        choices: list[Plain] = []
        for index, label in enumerate(_labels(element)):
            given = label.get("ident")
            name = given if _IDENTIFIER.fullmatch(given) else option_id(index)
            if given in values or name in values.values():
                raise QuestionRefused(
                    say(
                        "Line {line}: two choices are called {given}.",
                        line=label.line,
                        given=repr(given[:40]),
                    )
                )
            values[given] = name
            choice: Plain = {"id": name, "content": self._read(html_of(label), is_one_line=True)}
            choices.append({**choice, "fixed": True} if label.get("rshuffle").lower() == "no" else choice)
        return values, choices

    def _typed(self, element: Element, name: str) -> None:
        render = element.first("render_fib")
        is_number = self._is_number(element, render)
        self._responses[element.get("ident")] = Response(name, "number" if is_number else "text", {})
        made: Plain = {"type": "textEntry", "response": name, "prompt": self._read(html_of(element))}
        self._ask({**made, "base_type": "float"} if is_number else made)

    def _is_number(self, element: Element, render: Element | None) -> bool:
        if self._kind == _NUMERIC or element.name == "response_num":
            return True
        of_it = [each for each in self._item.walk() if each.get("respident") == element.get("ident")]
        if any(each.name in _COMPARISONS for each in of_it):
            return True
        return render is not None and render.get("fibtype").lower() in ("decimal", "integer", "scientific")

    def _accepting(self, element: Element, name: str) -> None:
        """A blank whose list is what it accepts; Canvas names the first of them alone in its rules."""
        _check_count(element)
        texts = {label.get("ident"): _plain(html_of(label)) for label in _labels(element)}
        self._responses[element.get("ident")] = Response(name, "one", {each: each for each in texts})
        self._accepted[name] = [text for text in texts.values() if text]
        self._ask({"type": "textEntry", "response": name})

    def _ask(self, interaction: Plain) -> None:
        self._draft.interactions.append(
            {key: value for key, value in interaction.items() if value != "" and value is not False}
        )

    # --- What earns what ---

    def score(self) -> None:
        is_canvas_or_cartridge = bool(self._kind)
        scoring = Scoring(self._item, self._responses, is_case_sensitive=not is_canvas_or_cartridge)
        keys = scoring.keys()
        if self._accepted:
            self._score_blanks(keys or {})
        elif keys is None:
            self._draft.expressions["SCORE"] = scoring.expression()
        else:
            for interaction in self._draft.interactions:
                name = interaction["response"]
                if name not in keys:
                    raise QuestionRefused(say("Its rules give nothing for {name}.", name=name))
                self._draft.keys[name] = keys[name]

    def _score_blanks(self, keys: Mapping[str, Plain]) -> None:
        for name, accepted in self._accepted.items():
            key = keys.get(name)
            if key is None or not accepted:
                raise QuestionRefused(say("Its rules do not say what each blank earns."))
            worth = max(key["mapping"].values(), default=0.0) if "mapping" in key else 1.0
            self._draft.keys[name] = {"texts": dict.fromkeys(accepted, worth), "case_sensitive": False}


def _labels(element: Element) -> list[Element]:
    return [each for each in element.walk() if each.name == "response_label"]


def _check_count(element: Element) -> None:
    if len(_labels(element)) > MOST_CHOICES:  # before the texts of thousands are read
        raise QuestionRefused(
            say(
                "Line {line}: it has more than {most} choices.",
                line=element.line,
                most=MOST_CHOICES,
            )
        )


def _plain(html: str) -> str:
    """What somebody would type, without markup."""
    return one_line(unescape(re.sub(r"<[^>]*>", " ", html)))
