"""One assessmentItem → one question of a pool document, or why it is not taken."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import msgspec

from testing_engine.interchange.imported import VARIANTS, ImportedQuestion
from testing_engine.interchange.markup import Element
from testing_engine.interchange.names import ID_LENGTH, problem_of_name
from testing_engine.interchange.qti.asked import Asking, is_interaction
from testing_engine.interchange.qti.declarations import Declared, NotTaken, declarations_of
from testing_engine.interchange.qti.own_metadata import UNREADABLE, with_metadata
from testing_engine.interchange.qti.rules import program_of
from testing_engine.interchange.qti.variants import is_template, variants_of
from testing_engine.interchange.qti.writing import Notes, Writer
from testing_engine.questions import interactions as asked
from testing_engine.questions.interactions import InteractionError
from testing_engine.questions.keys import with_categories
from testing_engine.questions.program import ProgramError, Variable, encode
from testing_engine.questions.telling_answers import TooManyAnswers
from testing_engine.sentences import Sentence, reason_of, say, without_stop

_LOST = {
    "modalFeedback": say("Feedback is not shown."),
    "stylesheet": say("Styles are not taken."),
    "catalogInfo": say("Alternative content for access (catalogue) is not taken."),
    "companionMaterialsInfo": say("Companion materials (calculators, rulers) are not taken."),
}

Picture = Callable[[str, Element], str | None]  # address in the file → name of the medium


@dataclass(frozen=True)
class Surroundings:
    """What stands beside an item in its package. `medium` stores a picture by its address, relative to a
    file, and names it; `stimulus` is the shared text of an address, and the file in which it stands.
    """

    medium: Callable[[str, str], str | None]
    stimulus: Callable[[str, str], tuple[str, Element] | None] = lambda *_: None
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by item
    areas: Mapping[str, str] = field(default_factory=dict)  # by item
    losses: Mapping[str, tuple[Sentence, ...]] = field(default_factory=dict)  # by item
    own: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)  # what a package of ours adds
    variants: int = VARIANTS  # of an item with a template
    seed: int = 1


def read_item(source: str, item: Element, around: Surroundings) -> list[ImportedQuestion]:
    """The question, or the variants that are drawn from its template.

    Never raises for what is in the item: it is refused, with its lines.
    """
    if not is_template(item) or item.get("adaptive") == "true":
        return [_read(source, item, around)]
    found: list[ImportedQuestion] = []
    try:
        for variant in variants_of(item, around.variants, around.seed):
            found.append(_read(source, variant, around))
            if found[-1].outcome == "refused":
                return [found[-1]]
    except NotTaken as reason:
        return [ImportedQuestion(source, item.get("identifier"), None, refusals=(reason_of(reason),))]
    return [_as_variant(each, number, len(found), around.seed) for number, each in enumerate(found, start=1)]


def _as_variant(question: ImportedQuestion, number: int, count: int, seed: int) -> ImportedQuestion:
    """No student is asked two variants of one question: they are each other's enemies."""
    assert question.row is not None
    identifier = f"{question.id[: ID_LENGTH - 8]}-{number}"
    row = {**question.row, "id": identifier, "enemy_groups": [_family(question.id)]}
    drawn = say(
        "Made from a template: variant {number} of {count}, drawn with the seed {seed}.",
        number=number,
        count=count,
        seed=seed,
    )
    losses = (drawn, *question.losses)
    return ImportedQuestion(
        say("{source}, variant {number}", source=question.source, number=number), identifier, row, losses
    )


def _family(identifier: str) -> str:
    """A name for what the variants have in common; a digest where the identifier can be none."""
    if problem_of_name(identifier) is None:
        return identifier
    return hashlib.sha256(identifier.encode()).hexdigest()[:16]


def _read(source: str, item: Element, around: Surroundings) -> ImportedQuestion:
    identifier = item.get("identifier")
    notes = Notes(losses=dict.fromkeys(around.losses.get(source, ())))
    try:
        row = _row(source, item, around, notes)
    except NotTaken as reason:
        notes.refusals[reason_of(reason)] = None
        row = None
    if notes.refusals or row is None:
        return ImportedQuestion(source, identifier, None, refusals=tuple(notes.refusals))
    return ImportedQuestion(source, identifier, row, losses=tuple(notes.losses))


def _row(source: str, item: Element, around: Surroundings, notes: Notes) -> dict[str, Any] | None:
    _look_around(item, notes)
    body = item.first("itemBody")
    if body is None:
        raise NotTaken(item, say("it has no itemBody"))
    responses = declarations_of(item, "responseDeclaration")
    pictures = _pictures(source, around, notes)

    def writer(*how: Any) -> Writer:
        return Writer(notes, pictures, *how)

    asking = Asking(responses, notes, writer)
    blocks = writer(asking.place, is_interaction).blocks(body.children)
    if not asking.found and not notes.refusals:
        raise NotTaken(body, say("it asks for nothing"))
    if notes.refusals:
        return None
    found = asking.found
    row: dict[str, Any] = {
        "id": item.get("identifier"),
        "content": _content(blocks, found, item, notes),
        "passage": _passage(source, item, around, notes),
        "interactions": found,
        "scoring": _scoring(item, responses, found, notes),
        **_parameters(source, item, around),
    }
    if area := around.areas.get(source):
        row["area"] = area
    return _with_own(row, source, around, notes)


def _with_own(row: dict[str, Any], source: str, around: Surroundings, notes: Notes) -> dict[str, Any]:
    """With what a package of ours says of the item in its manifest."""
    if source not in around.own:
        return row
    told = around.own[source]
    if told is None:
        notes.lose(UNREADABLE)
        return row
    row, losses = with_metadata(row, told, row["scoring"]["categories"])
    for loss in losses:
        notes.lose(loss)
    return row


def _look_around(item: Element, notes: Notes) -> None:
    """What of the item lies outside its body and its rules."""
    if item.get("adaptive") == "true":
        notes.refuse(item, say("a question in several attempts (adaptive) is not taken"))
    for child in item.elements():
        notes.lose(_LOST.get(child.name, Sentence()))


def _pictures(source: str, around: Surroundings, notes: Notes) -> Picture:
    def picture(address: str, element: Element) -> str | None:
        name = around.medium(source, unquote(address))
        if name is None:
            told = repr(address[:100])
            if element.name == "audio":
                notes.refuse(element, say("the sound {name} is not in the file", name=told))
            else:
                notes.refuse(element, say("the picture {name} is not in the file", name=told))
        return name

    return picture


def _content(blocks: list[str], found: list[dict[str, Any]], item: Element, notes: Notes) -> str:
    """The text. Interactions that follow it, in order, need no place in it."""
    names = [each["response"] for each in found]
    while blocks and names and blocks[-1] == f"[[{names[-1]}]]":
        blocks.pop()
        names.pop()
    if blocks:
        return "\n\n".join(blocks)
    if prompt := found[0].get("prompt"):
        found[0]["prompt"] = ""
        return str(prompt)
    notes.lose(say("It has no text of its own; its title stands in for it."))
    return item.get("title") or item.get("identifier")


def _passage(source: str, item: Element, around: Surroundings, notes: Notes) -> str:
    texts: list[str] = []
    for reference in item.elements("assessmentStimulusRef"):
        shared = around.stimulus(source, reference.get("href"))
        if shared is None:
            notes.refuse(
                reference, say("the shared text {href} is not in the file", href=repr(reference.get("href")))
            )
            continue
        file, stimulus = shared
        body = stimulus.first("stimulusBody") or stimulus
        texts.append(Writer(notes, _pictures(file, around, notes)).content(body.children))
    return "\n\n".join(texts)


def _scoring(
    item: Element, responses: Mapping[str, Declared], found: list[dict[str, Any]], notes: Notes
) -> dict[str, Any]:
    """The compiled rules, checked with the interactions."""
    variables = {
        each["response"]: Variable(
            base_type=responses[each["response"]].base_type,  # type: ignore[arg-type]  # checked when bound
            cardinality=responses[each["response"]].cardinality,  # type: ignore[arg-type]
        )
        for each in found
    }
    if len(variables) < len(found):
        raise NotTaken(item, say("two interactions have the same response variable"))
    processing = item.first("responseProcessing") or item
    try:
        interactions = asked.decode(found)
        program, losses = program_of(item, responses, declarations_of(item, "outcomeDeclaration"), variables)
        scoring = encode(with_categories(program, interactions))
    except msgspec.ValidationError as error:
        raise NotTaken(
            item, say("its interactions cannot be taken: {error}", error=reason_of(error))
        ) from error
    except InteractionError as error:
        at = re.match(r"/(\d+)", error.pointer)
        name = found[int(at[1])]["response"] if at else ""
        raise NotTaken(
            item, say("{name}: {error}", name=name, error=without_stop(reason_of(error)))
        ) from error
    except (ProgramError, TooManyAnswers) as error:
        raise NotTaken(
            processing, say("its rules cannot be taken: {error}", error=without_stop(reason_of(error)))
        ) from error
    except RecursionError as error:
        raise NotTaken(processing, say("its rules are nested too deep")) from error
    for loss in losses:
        notes.lose(loss)
    return scoring


def _parameters(source: str, item: Element, around: Surroundings) -> dict[str, Any]:
    found = around.parameters.get(item.get("identifier")) or around.parameters.get(source) or {}
    return {**found, "model": "3PL"} if found.get("guessing") else dict(found)
