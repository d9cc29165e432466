"""Our own items with random answers, for an independent player (README.md beside this)."""

import hashlib
import json
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANSWERS = 40  # to each item


def items(seed: int) -> dict[str, Any]:
    """{id: {"xml": the item as it is exported, "answers": [canonical answer]}}; the first answer is none."""
    from lxml import etree

    from testing_engine.interchange.qti.items_writing import write_item
    from testing_engine.interchange.qti.tests.own_items import interactions_of, random_answer, rows
    from testing_engine.questions.answers import canonical_answer

    generator = random.Random(seed)
    found = {}
    for row in rows():
        element = write_item(exported(row), {}, None).element
        answers = [random_answer(interactions_of(row), generator) for _ in range(ANSWERS)]
        right = {name: key["correct"] for name, key in row.get("key", {}).items() if "correct" in key}
        if len(right) == len(row.get("key", ())) > 0:
            answers.append(canonical_answer(interactions_of(row), right))
        xml = etree.tostring(element, encoding="unicode")
        found[str(row["id"])] = {"xml": xml, "answers": [{}, *answers]}
    return found


def exported(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """An upload's row as an export has it, without its passage."""
    from testing_engine.interchange.questions import parse_pool
    from testing_engine.questions import interactions, program

    draft = parse_pool({"concept_names": ["All"], "questions": [row]}).questions[0]
    made = {
        **row,
        "options": list(draft.options),
        "option_scores": list(draft.option_scores),
        "model": draft.parameters.model,
        "upper_asymptote": draft.parameters.upper,
    }
    if draft.scoring is not None:
        made["interactions"] = interactions.encode(draft.interactions)
        made["scoring"] = program.encode(draft.scoring)
    return made


def reference(items_file: Path, scores_file: Path) -> dict[str, Any]:
    """What the player said, with the answers and the hash of each item. `scores`: null where it cannot."""
    scores = json.loads(scores_file.read_text())
    made = {}
    for name, item in json.loads(items_file.read_text()).items():
        given = scores[name]
        made[name] = {
            "sha256": hashed(item["xml"]),
            "answers": item["answers"],
            "scores": given if isinstance(given, list) else None,
        }
    return made


def hashed(xml: str) -> str:
    return hashlib.sha256(xml.encode()).hexdigest()


def main(what: str, *arguments: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adaptive.settings")
    import django

    django.setup()
    if what == "items":
        Path(arguments[0]).write_text(json.dumps(items(int(arguments[1])), ensure_ascii=False))
    else:
        found = reference(Path(arguments[0]), Path(arguments[1]))
        lines = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in found.items())
        (Path(__file__).parent / "reference.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
