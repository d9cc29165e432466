"""Another kind of answer for a part: its words stay, and nothing becomes right that nobody called right.

What the new kind cannot keep of what was right is taken back, and it is said: in problems that block nothing.
"""

from testing_engine.authoring.numbers import read
from testing_engine.authoring.problems import Problems
from testing_engine.authoring.sheet import (
    IN_TEXT,
    OWN,
    SEVERAL,
    SHARE,
    TAKES_ONE,
    TYPES,
    WHOLE,
    WITH_PAIRS,
    WITH_TICKS,
    Part,
    Row,
    Sheet,
    new_part,
    new_row,
    new_target,
    place_of,
    places_of,
    put_into_text,
)
from testing_engine.sentences import say

WITH_SHARES = (SEVERAL, "hottext", *WITH_PAIRS)
ENOUGH = 2  # lines with words: whoever wants more adds them
SAY_ANEW = say("What was right cannot be kept in this kind: say anew what is.")
_OF_ANYTHING_ELSE = ("key_default", "key_lower", "key_upper")


def change_kind(sheet: Sheet, index: int, kind: str) -> Problems:
    """Let the part be of another kind, in place; returns what that changed in what is right, at the part."""
    said = Problems()
    if kind not in TYPES or not 0 <= index < len(sheet.parts) or sheet.parts[index].type == kind:
        return said
    part, where = sheet.parts[index], f"part-{index}"
    before = list(places_of(part))
    old, was_right = part.type, _full(part)
    part.type = kind
    _carry_right(part, old, was_right, where, said)
    _carry_pairs(part, old, where, said)
    keeps_points = old in WITH_TICKS and kind in WITH_TICKS
    if (part.credit == OWN and not keeps_points) or (part.credit == SHARE and kind not in WITH_SHARES):
        part.credit = WHOLE
    part.fields |= dict.fromkeys(_OF_ANYTHING_ELSE, "")
    _fill(part)
    _move_places(sheet, part, before, old, where, said)
    return said


def _full(part: Part) -> list[str] | None:
    """Ids of what earns everything; None where the kind says that of none of its rows."""
    if part.type in WITH_TICKS and part.credit != OWN:
        return [row.id for row in part.rows if row.right]
    if part.type not in (*WITH_TICKS, "textEntry"):
        return None
    usual = "1" if part.type == "textEntry" else "0"
    worths = {row.id: read(row.worth.strip() or usual) or 0.0 for row in part.rows if row.text.strip()}
    most = max(worths.values(), default=0.0)
    return [row_id for row_id, worth in worths.items() if 0 < worth == most]


def _carry_right(part: Part, old: str, right: list[str] | None, where: str, said: Problems) -> None:
    """Ticks and points of the rows, as the new kind has them."""
    if right is not None:
        for row in part.rows:
            row.right = row.id in right
    ticked = [row for row in part.rows if row.right]
    if part.type == "textEntry":
        _as_texts(part, old, where, said)
    elif part.type in TAKES_ONE and len(ticked) > 1 and not (old in WITH_TICKS and part.credit == OWN):
        for row in ticked:
            row.right = False
        said.add(where, say("Several were right, here one can be: tick it anew."), blocks=False)
    elif part.type in (SEVERAL, "hottext") and old == "textEntry" and len(ticked) > 1:
        said.add(where, say("Each of these was right alone; now all of them must be chosen."), blocks=False)
    elif part.type == "order":
        for row in part.rows:
            row.place = ""
        said.add(where, say("Now right is the order in which they stand. Look whether it is."), blocks=False)
    elif ticked and old in (*WITH_TICKS, "textEntry") and part.type not in WITH_TICKS:
        said.add(where, SAY_ANEW, blocks=False)


def _as_texts(part: Part, old: str, where: str, said: Problems) -> None:
    """Every text of a field to type is accepted for its points: what was not right gets none. An empty line
    was nothing yet: what is typed there is meant as right, as on a new sheet."""
    has_points = old in WITH_TICKS and part.credit == OWN
    for row in part.rows:
        is_meant = row.right or not row.text.strip()
        row.worth = (row.worth.strip() or "0") if has_points else "" if is_meant else "0"
    written = [row for row in part.rows if row.text.strip()]
    right = [" ".join(row.text.split()) for row in written if row.worth != "0"]
    if written and not right:
        said.add(where, say("None of these was right: say which is, by its points."), blocks=False)
    elif len(right) < len(written):
        message = say(
            "Right is only what was right before: {right}. The others stay, with 0 points.",
            right=", ".join(right)[:200],
        )
        said.add(where, message, blocks=False)


def _carry_pairs(part: Part, old: str, where: str, said: Problems) -> None:
    """Partners that the new kind has, and none else."""
    if part.type not in WITH_PAIRS:
        return
    had_pairs = any(row.partners for row in (*part.rows, *part.targets))
    _keep_partners(part.rows, {"match": part.targets, "associate": part.rows}.get(part.type, []))
    _keep_partners(part.targets, part.rows if part.type == "gapMatch" else [])
    part.fields["worths"] = ""
    if had_pairs and old in WITH_PAIRS:
        said.add(where, SAY_ANEW, blocks=False)


def _keep_partners(rows: list[Row], partners: list[Row]) -> None:
    ids = {partner.id for partner in partners}
    for row in rows:
        row.partners = tuple(each for each in row.partners if each in ids)


def _fill(part: Part) -> None:
    """Empty lines go that the new kind does not need; those that it needs are added."""
    fresh = new_part(Sheet(), part.type)
    spare = [row for row in part.rows if not row.text.strip()]
    while spare and len(part.rows) > len(fresh.rows):
        part.rows.remove(spare.pop())
    for members in (part.rows, part.targets):
        _keep_partners(members, [*part.rows, *part.targets])  # an id that is free is another line's soon
    for row in fresh.rows[len(part.rows) :] if len(part.rows) < ENOUGH else ():
        new = new_row(part)
        new.worth = row.worth
        part.rows.append(new)
    while len(part.targets) < len(fresh.targets):
        part.targets.append(new_target(part))
    if part.type == "slider":
        part.fields["base_type"] = "integer"


def _move_places(sheet: Sheet, part: Part, before: list[str], old: str, where: str, said: Problems) -> None:
    """The new kind's places stand where the old one's stood; the others are taken out."""
    wanted = list(places_of(part))
    gone = [place for place in before if place in sheet.content and place not in wanted]
    words = {place_of(part, row.id): row.text for row in part.rows} if old == "hottext" else {}
    free = [place for place in wanted if place not in sheet.content]
    for place in gone:
        instead = words.get(place) or (free.pop(0) if free else "")
        sheet.content = sheet.content.replace(place, instead)
    if gone and not wanted and old in IN_TEXT:
        message = say(
            "{place} was taken out of the text: this kind of answer stands below it.", place=", ".join(gone)
        )
        said.add(where, message, blocks=False)
    for place in wanted:
        put_into_text(sheet, place)
