"""One question of a pool document → one assessmentItem of QTI 3.0, and what of it is lost."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from testing_engine.interchange.qti.rules_writing import Rules, rules_of
from testing_engine.interchange.qti.texts import PART_OF, Block, Node, NotCarried, Placed, Texts, qti
from testing_engine.questions import interactions as asked
from testing_engine.questions.interactions import (
    Associable,
    Associate,
    ChoiceInteraction,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    Match,
    Option,
    Order,
    Slider,
    TextEntry,
    choice_of_options,
)
from testing_engine.questions.keys import with_categories
from testing_engine.questions.program import Program, variables_of
from testing_engine.questions.telling_answers import pairs_of
from testing_engine.sentences import Sentence, say

INLINE = (InlineChoice, TextEntry)
AROUND = (GapMatch, HotText)  # interactions that go around the text in which their parts stand
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
USUAL_LENGTH = TextEntry(response="").max_length


@dataclass
class WrittenItem:
    element: Node
    losses: list[Sentence] = field(default_factory=list)
    merged: tuple[float, ...] | None = None  # the scores that count, where some are counted as one


def write_item(row: Mapping[str, Any], media: Mapping[str, str], stimulus: str | None) -> WrittenItem:
    """`media`: addresses → paths, as `stimulus` relative to the item. Raises `NotCarried`."""
    found, program = _asked(row)
    texts = Texts(media)
    try:
        body = _Body(found, texts).written(str(row["content"]))
        rules = rules_of(program, {each.response: _members(each) for each in found})
        element = _item(row, found, program, rules, body, stimulus)
    except ValueError as error:  # lxml: a sign that XML has not
        raise NotCarried(say("its text holds a sign that XML cannot carry")) from error
    return WrittenItem(element, [*texts.losses, *_losses(found)], _merged(row, found))


def write_stimulus(identifier: str, passage: str, media: Mapping[str, str]) -> WrittenItem:
    """A passage as a file of its own. Raises `NotCarried`."""
    texts = Texts(media)
    try:
        body = qti("qti-stimulus-body", None, *(block.element for block in texts.blocks(passage)))
    except ValueError as error:
        raise NotCarried(say("its passage holds a sign that XML cannot carry")) from error
    named = {"identifier": identifier, "title": identifier}
    return WrittenItem(qti("qti-assessment-stimulus", named, body), texts.losses)


def _asked(row: Mapping[str, Any]) -> tuple[tuple[Interaction, ...], Program]:
    if row.get("interactions") is not None:
        return asked.decode(row["interactions"]), msgspec.convert(row["scoring"], Program)
    options, scores, fixed = row["options"], row["option_scores"], row.get("fixed_options", ())
    choice = choice_of_options(options)
    choices = tuple(
        msgspec.structs.replace(option, fixed=index in fixed) for index, option in enumerate(choice.choices)
    )
    is_key = sorted(scores) == [0] * (len(scores) - 1) + [1]
    choice = msgspec.structs.replace(choice, choices=choices, shuffle=max(scores) == 1)
    given: dict[str, Any] = {"op": "variable", "name": choice.response}
    entries = [
        {"key": option.id, "value": float(score)} for option, score in zip(choices, scores, strict=True)
    ]
    score: dict[str, Any] = {"op": "mapResponse", "of": [given], "entries": entries}
    if is_key:
        right: dict[str, Any] = {"op": "value", "value": choices[scores.index(1)].id}
        parts = [{"op": "match", "of": [given, right]}, *({"op": "value", "value": v} for v in (1.0, 0.0))]
        score = {"op": "if", "of": parts}
    return (choice,), Program(variables_of([choice]), score)


def _item(
    row: Mapping[str, Any],
    found: Sequence[Interaction],
    program: Program,
    rules: Rules,
    body: Node,
    stimulus: str | None,
) -> Node:
    named = {"identifier": str(row["id"]), "title": str(row["id"])}
    item = qti("qti-assessment-item", {**named, "adaptive": "false", "time-dependent": "false"})
    for interaction in found:
        name = interaction.response
        declared = program.variables[name]
        attributes = {
            "identifier": name,
            "cardinality": declared.cardinality,
            "base-type": declared.base_type,
        }
        declaration = qti("qti-response-declaration", attributes)
        if name in rules.correct:
            values = (qti("qti-value", text=value) for value in rules.correct[name])
            declaration.append(qti("qti-correct-response", None, *values))
        if name in rules.mappings:
            declaration.append(rules.mappings[name])
        item.append(declaration)
    item.extend(rules.outcomes)
    if stimulus is not None:
        title = stimulus.rpartition("/")[2].partition(".")[0]
        item.append(
            qti("qti-assessment-stimulus-ref", {"identifier": title, "href": stimulus, "title": title})
        )
    item.append(body)
    item.append(rules.processing)
    return item


def _members(interaction: Interaction) -> list[str]:
    """All that an answer to it can hold."""
    match interaction:
        case TextEntry() | Slider():
            return []
        case Match() | GapMatch():
            return pairs_of(interaction)
        case Associate():
            return sorted(pairs_of(interaction))
        case _:
            return [choice.id for choice in interaction.choices]


def _losses(found: Sequence[Interaction]) -> list[Sentence]:
    losses: list[Sentence] = []
    all_names = [each.response for each in found] + [
        option.id for each in found for option in _options_of(each)
    ]
    if odd := [name for name in all_names if not _NAME.fullmatch(name)]:
        losses.append(
            say("Some players refuse identifiers like {odd}, which is no name in QTI.", odd=repr(odd[0]))
        )
    return losses


def _merged(row: Mapping[str, Any], found: Sequence[Interaction]) -> tuple[float, ...] | None:
    if row.get("interactions") is None:
        return None
    program = msgspec.convert(row["scoring"], Program)
    return None if with_categories(program, found).categories == program.categories else program.categories


def _options_of(interaction: Interaction) -> Sequence[Option | Associable]:
    match interaction:
        case TextEntry() | Slider():
            return ()
        case Match():
            return (*interaction.sources, *interaction.targets)
        case _:
            return interaction.choices


# --- The body ---


class _Body:
    def __init__(self, found: Sequence[Interaction], texts: Texts) -> None:
        self._found = {interaction.response: interaction for interaction in found}
        self._texts = texts
        self._placed: set[tuple[str, str]] = set()

    def written(self, content: str) -> Node:
        blocks = self._texts.blocks(content, frozenset(self._found), self._place)
        for interaction in self._found.values():
            blocks += self._what_has_no_place(interaction)
        for interaction in self._found.values():
            if isinstance(interaction, AROUND):
                blocks = self._gone_around(interaction, blocks)
        return qti("qti-item-body", None, *(block.element for block in blocks))

    def _place(self, response: str, part: str) -> Placed:
        interaction = self._found[response]
        if (response, part) in self._placed:
            raise NotCarried(say("{response} has two places in the text", response=response))
        self._placed.add((response, part))
        if isinstance(interaction, AROUND):
            return Placed(self._part(interaction, part), "part")
        if part:
            raise NotCarried(say("{response} has no part {part}", response=response, part=part))
        element = _MAKERS[type(interaction)](self, interaction)
        return Placed(element, "inline" if isinstance(interaction, INLINE) else "block")

    def _what_has_no_place(self, interaction: Interaction) -> list[Block]:
        name = interaction.response
        if isinstance(interaction, AROUND):
            parts = [part for part in _parts(interaction) if (name, part) not in self._placed]
            return [Block(qti("p", None, self._part(interaction, part)), frozenset({name})) for part in parts]
        if (name, "") in self._placed:
            return []
        placed = self._place(name, "")
        if placed.kind == "block":
            return [Block(placed.element, is_interaction=True)]
        return [Block(qti("p", None, placed.element))]

    def _part(self, interaction: Interaction, part: str) -> Node:
        if isinstance(interaction, GapMatch) and part in {gap.id for gap in interaction.gaps}:
            return qti("qti-gap", {"identifier": part, PART_OF: interaction.response})
        if isinstance(interaction, HotText):
            for choice in interaction.choices:
                if choice.id == part:
                    attributes = {"identifier": part, PART_OF: interaction.response}
                    return self._texts.fill(qti("qti-hottext", attributes), choice.content)
        raise NotCarried(say("{response} has no part {part}", response=interaction.response, part=repr(part)))

    def _gone_around(self, interaction: Interaction, blocks: list[Block]) -> list[Block]:
        name = interaction.response
        places = [index for index, block in enumerate(blocks) if name in block.parts_of]
        first, last = places[0], places[-1] + 1
        inside = blocks[first:last]
        if any(block.is_interaction or block.parts_of - {name} for block in inside):
            raise NotCarried(say("another interaction stands between the parts of {name}", name=name))
        for block in inside:
            for part in block.element.iter():
                part.attrib.pop(PART_OF, None)
        element = _MAKERS[type(interaction)](self, interaction)
        element.extend(block.element for block in inside)
        return [*blocks[:first], Block(element, is_interaction=True), *blocks[last:]]

    # --- One kind each ---

    def choice(self, it: ChoiceInteraction) -> Node:
        element = self._interaction("choice", it, _shuffle(it) | _choices(it))
        return self._with_options(element, "qti-simple-choice", it.choices)

    def inline_choice(self, it: InlineChoice) -> Node:
        attributes = _shuffle(it) | ({"required": "true"} if it.min_choices else {})
        element = self._interaction("inline-choice", it, attributes)
        return self._with_options(element, "qti-inline-choice", it.choices)

    def text_entry(self, it: TextEntry) -> Node:
        attributes: dict[str, str] = {}
        if it.expected_length is not None:
            attributes["expected-length"] = str(it.expected_length)
        if it.placeholder:
            attributes["placeholder-text"] = it.placeholder
        if it.max_length != USUAL_LENGTH:
            attributes["data-max-length"] = str(it.max_length)
        return self._interaction("text-entry", it, attributes)

    def order(self, it: Order) -> Node:
        attributes = _shuffle(it)
        if it.min_choices:
            attributes["min-choices"] = str(it.min_choices)
        if it.max_choices:
            attributes["max-choices"] = str(it.max_choices)
        return self._with_options(self._interaction("order", it, attributes), "qti-simple-choice", it.choices)

    def match(self, it: Match) -> Node:
        element = self._interaction("match", it, _shuffle(it) | _associations(it))
        for members in (it.sources, it.targets):
            members_of = qti("qti-simple-match-set")
            element.append(self._with_options(members_of, "qti-simple-associable-choice", members))
        return element

    def associate(self, it: Associate) -> Node:
        element = self._interaction("associate", it, _shuffle(it) | _associations(it))
        return self._with_options(element, "qti-simple-associable-choice", it.choices)

    def gap_match(self, it: GapMatch) -> Node:
        element = self._interaction("gap-match", it, _shuffle(it) | _associations(it))
        return self._with_options(element, "qti-gap-text", it.choices)

    def hottext(self, it: HotText) -> Node:
        return self._interaction("hottext", it, _choices(it))

    def slider(self, it: Slider) -> Node:
        bounds = {"lower-bound": it.lower, "upper-bound": it.upper, "step": it.step}
        return self._interaction("slider", it, {name: f"{value:.15g}" for name, value in bounds.items()})

    # --- Parts ---

    def _interaction(self, kind: str, it: Interaction, attributes: Mapping[str, str]) -> Node:
        element = qti(f"qti-{kind}-interaction", {"response-identifier": it.response, **attributes})
        if not it.prompt:
            return element
        if isinstance(it, INLINE):
            raise NotCarried(
                say("{response} stands in the text, where QTI has no prompt", response=it.response)
            )
        prompt = qti("qti-prompt")
        blocks = self._texts.blocks(it.prompt)
        if len(blocks) == 1 and blocks[0].element.tag.endswith("}p"):
            self._texts.fill(prompt, it.prompt)
        else:
            prompt.extend(block.element for block in blocks)
        element.append(prompt)
        return element

    def _with_options(self, element: Node, name: str, options: Sequence[Option | Associable]) -> Node:
        for option in options:
            attributes = {"identifier": option.id}
            if isinstance(option, Associable):
                attributes |= {"match-max": str(option.match_max), "match-min": str(option.match_min)}
            if option.fixed:
                attributes["fixed"] = "true"
            element.append(self._texts.fill(qti(name, attributes), option.content))
        return element


def _parts(interaction: GapMatch | HotText) -> list[str]:
    return [
        each.id for each in (interaction.gaps if isinstance(interaction, GapMatch) else interaction.choices)
    ]


def _shuffle(it: Any) -> dict[str, str]:
    return {"shuffle": "true" if it.shuffle else "false"}


def _choices(it: ChoiceInteraction | HotText) -> dict[str, str]:
    return {"min-choices": str(it.min_choices), "max-choices": str(it.max_choices)}


def _associations(it: Match | Associate | GapMatch) -> dict[str, str]:
    least, most = str(it.min_associations), str(it.max_associations)
    return {"min-associations": least, "max-associations": most}


_MAKERS: Mapping[type, Any] = {
    ChoiceInteraction: _Body.choice,
    InlineChoice: _Body.inline_choice,
    TextEntry: _Body.text_entry,
    Order: _Body.order,
    Match: _Body.match,
    Associate: _Body.associate,
    GapMatch: _Body.gap_match,
    HotText: _Body.hottext,
    Slider: _Body.slider,
}
