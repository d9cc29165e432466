"""Interactions of QTI → interactions of questions, as plain data, each bound to its response variable."""

from collections.abc import Callable, Mapping
from typing import Any

from testing_engine.interchange.markup import Element
from testing_engine.interchange.qti.declarations import (
    Declared,
    NotTaken,
    attribute_number,
    attribute_whole,
    is_true,
)
from testing_engine.interchange.qti.writing import Notes, Writer
from testing_engine.sentences import reason_of, say

INLINE = ("inlineChoiceInteraction", "textEntryInteraction")
REFUSED = {
    "extendedTextInteraction": say("a person must score it"),
    "uploadInteraction": say("a person must score it"),
    "drawingInteraction": say("a person must score it"),
    "mediaInteraction": say("sound and film are not taken"),
    "customInteraction": say("a program of its maker's is not taken"),
    "portableCustomInteraction": say("a program of its maker's is not taken"),
    "endAttemptInteraction": say("a question in several attempts is not taken"),
    "hotspotInteraction": say("answers in a picture are not taken"),
    "selectPointInteraction": say("answers in a picture are not taken"),
    "positionObjectInteraction": say("answers in a picture are not taken"),
    "graphicOrderInteraction": say("answers in a picture are not taken"),
    "graphicAssociateInteraction": say("answers in a picture are not taken"),
    "graphicGapMatchInteraction": say("answers in a picture are not taken"),
}
# What a response variable may be for each: (base types, cardinalities).
_BOUND: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "choiceInteraction": (("identifier",), ("single", "multiple")),
    "inlineChoiceInteraction": (("identifier",), ("single",)),
    "textEntryInteraction": (("string", "integer", "float"), ("single",)),
    "orderInteraction": (("identifier",), ("ordered",)),
    "matchInteraction": (("directedPair",), ("single", "multiple")),
    "associateInteraction": (("pair",), ("single", "multiple")),
    "gapMatchInteraction": (("directedPair",), ("single", "multiple")),
    "hottextInteraction": (("identifier",), ("single", "multiple")),
    "sliderInteraction": (("integer", "float"), ("single",)),
}
STEPS_OF_A_SLIDE = 100  # of a slider over decimals that names none
Plain = dict[str, Any]


class Asking:
    """Reads the interactions of one item, in the order in which they stand."""

    def __init__(
        self, responses: Mapping[str, Declared], notes: Notes, writer: Callable[..., Writer]
    ) -> None:
        self._responses = responses
        self._notes = notes
        self._writer = writer  # makes one, with what `place` and `is_block` are
        self.found: list[Plain] = []

    def place(self, element: Element) -> str | None:
        """What stands in the text for an interaction; None where the element is none."""
        if element.name in REFUSED:
            self._notes.refuse(
                element,
                say("{element}: {refused}", element=element.name, refused=REFUSED[element.name]),
            )
            return ""
        if not element.name.endswith("Interaction"):
            return None
        make = _MAKERS.get(element.name)
        if make is None:
            self._notes.refuse(
                element,
                say("{element}: no interaction of that name is known", element=element.name),
            )
            return ""
        try:
            declared = self._declared(element)
            made, text = make(self, element, declared)
        except NotTaken as reason:
            self._notes.refusals[reason_of(reason)] = None
            return ""
        kind = element.name.removesuffix("Interaction")
        self.found.append({"type": kind, "response": declared.name, **made})
        return text or f"[[{declared.name}]]"

    def _declared(self, element: Element) -> Declared:
        name = element.get("responseIdentifier")
        declared = self._responses.get(name)
        if declared is None:
            raise NotTaken(
                element,
                say(
                    "{element}: its response variable {name} is not declared",
                    element=element.name,
                    name=repr(name),
                ),
            )
        types, cardinalities = _BOUND[element.name]
        if declared.base_type not in types or declared.cardinality not in cardinalities:
            kind = f"{declared.cardinality} {declared.base_type}"
            raise NotTaken(
                declared.element,
                say(
                    "{name} is {kind}, which {element} does not give",
                    name=name,
                    kind=kind,
                    element=element.name,
                ),
            )
        return declared

    # --- One kind each: the plain data, and the text that stands for it where that is more than a place ---

    def choice(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        return {
            "prompt": self._prompt(element),
            "choices": self._options(element, "simpleChoice"),
            **_shuffled(element),
            **_choices(element, declared),
        }, ""

    def inline_choice(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        least = 1 if is_true(element, "required") else attribute_whole(element, "minChoices", 0)
        choices = self._options(element, "inlineChoice")
        return {"choices": choices, "min_choices": least, **_shuffled(element)}, ""

    def text_entry(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        if element.get("base", "10") not in ("", "10"):
            raise NotTaken(element, say("numbers to a base other than 10 are not taken"))
        if element.get("patternMask"):
            self._notes.lose(say("What may be typed (patternMask) is not checked while typing."))
        made: Plain = {"base_type": declared.base_type, "placeholder": element.get("placeholderText")}
        if element.get("dataMaxLength"):
            made["max_length"] = attribute_whole(element, "dataMaxLength")
        if element.get("expectedLength"):
            made["expected_length"] = max(1, attribute_whole(element, "expectedLength"))
        return made, ""

    def order(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        return {
            "prompt": self._prompt(element),
            "choices": self._options(element, "simpleChoice"),
            **_shuffled(element),
            "min_choices": attribute_whole(element, "minChoices", 0),
            "max_choices": attribute_whole(element, "maxChoices", 0),
        }, ""

    def match(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        sets = element.elements("simpleMatchSet")
        if len(sets) != 2:
            raise NotTaken(element, say("a matchInteraction has two sets"))
        sources, targets = (self._associables(each, "simpleAssociableChoice") for each in sets)
        made = {"prompt": self._prompt(element), "sources": sources, "targets": targets}
        return {**made, **_shuffled(element), **_associations(element, declared)}, ""

    def associate(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        choices = self._associables(element, "simpleAssociableChoice")
        made = {"prompt": self._prompt(element), "choices": choices}
        return {**made, **_shuffled(element), **_associations(element, declared)}, ""

    def gap_match(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        gaps: list[Plain] = []

        def place(inner: Element) -> str | None:
            if inner.name in ("gapText", "gapImg"):
                return ""
            if inner.name == "prompt":
                return ""
            if inner.name != "gap":
                return self.place(inner)
            gaps.append({"id": inner.get("identifier")})
            return f"[[{declared.name}:{gaps[-1]['id']}]]"

        text = self._writer(place, is_interaction).content(element.children)
        choices = self._associables(element, "gapText", "gapImg")
        made = {"prompt": self._prompt(element), "choices": choices, "gaps": gaps}
        associations = {"min_associations": 0, "max_associations": 0}
        if element.get("minAssociations"):
            associations["min_associations"] = attribute_whole(element, "minAssociations")
        if element.get("maxAssociations"):
            associations["max_associations"] = attribute_whole(element, "maxAssociations")
        return {**made, **_shuffled(element), **associations}, text

    def hottext(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        choices: list[Plain] = []

        def place(inner: Element) -> str | None:
            if inner.name == "prompt":
                return ""
            if inner.name != "hottext":
                return self.place(inner)
            self._check_choice(inner)
            choices.append({"id": inner.get("identifier"), "content": self._line(inner)})
            return f"[[{declared.name}:{choices[-1]['id']}]]"

        text = self._writer(place, is_interaction).content(element.children)
        return {"prompt": self._prompt(element), "choices": choices, **_choices(element, declared)}, text

    def slider(self, element: Element, declared: Declared) -> tuple[Plain, str]:
        lower, upper = attribute_number(element, "lowerBound"), attribute_number(element, "upperBound")
        is_whole = declared.base_type == "integer"
        step = attribute_number(element, "step", 1.0 if is_whole else (upper - lower) / STEPS_OF_A_SLIDE)
        if not is_whole and not element.get("step"):
            self._notes.lose(
                say(
                    "The slider moves in {steps} steps, as the file names none.",
                    steps=STEPS_OF_A_SLIDE,
                )
            )
        if is_true(element, "reverse"):
            self._notes.lose(say("The slider runs in the usual direction."))
        made = {"lower": lower, "upper": upper, "step": step, "base_type": declared.base_type}
        return {"prompt": self._prompt(element), **made}, ""

    # --- Parts ---

    def _prompt(self, element: Element) -> str:
        prompt = element.first("prompt")
        return "" if prompt is None else self._writer(self.place, is_interaction).content(prompt.children)

    def _options(self, element: Element, name: str) -> list[Plain]:
        choices = [each for each in element.walk() if each.name == name]
        return [self._option(each) for each in choices]

    def _option(self, choice: Element) -> Plain:
        self._check_choice(choice)
        made = {"id": choice.get("identifier"), "content": self._line(choice)}
        return {**made, "fixed": True} if is_true(choice, "fixed") else made

    def _associables(self, element: Element, *names: str) -> list[Plain]:
        return [
            {
                **self._option(choice),
                "match_max": attribute_whole(choice, "matchMax", 1),
                "match_min": attribute_whole(choice, "matchMin", 0),
            }
            for choice in element.elements(*names)
        ]

    def _check_choice(self, choice: Element) -> None:
        if choice.get("templateIdentifier"):
            raise NotTaken(choice, say("a choice that depends on a template is not taken"))
        if choice.get("matchGroup"):
            self._notes.lose(
                say("Groups of what fits together (matchGroup) are not taken: everything may be tried.")
            )

    def _line(self, element: Element) -> str:
        return self._writer().line(element.children)


def is_interaction(element: Element) -> bool:
    """Whether it is one that stands alone."""
    return element.name.endswith("Interaction") and element.name not in INLINE


def _shuffled(element: Element) -> Plain:
    return {"shuffle": True} if is_true(element, "shuffle") else {}


def _choices(element: Element, declared: Declared) -> Plain:
    """Least and most choices. A variable with one value takes one; several right ones need room."""
    least = attribute_whole(element, "minChoices", 0)
    most = attribute_whole(element, "maxChoices", 0 if len(declared.correct_members) > 1 else 1)
    return {"min_choices": least, "max_choices": 1 if declared.cardinality == "single" else most}


def _associations(element: Element, declared: Declared) -> Plain:
    most = attribute_whole(element, "maxAssociations", 0 if len(declared.correct_members) > 1 else 1)
    return {
        "min_associations": attribute_whole(element, "minAssociations", 0),
        "max_associations": 1 if declared.cardinality == "single" else most,
    }


_MAKERS: dict[str, Callable[[Asking, Element, Declared], tuple[Plain, str]]] = {
    "choiceInteraction": Asking.choice,
    "inlineChoiceInteraction": Asking.inline_choice,
    "textEntryInteraction": Asking.text_entry,
    "orderInteraction": Asking.order,
    "matchInteraction": Asking.match,
    "associateInteraction": Asking.associate,
    "gapMatchInteraction": Asking.gap_match,
    "hottextInteraction": Asking.hottext,
    "sliderInteraction": Asking.slider,
}
