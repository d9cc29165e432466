"""Questions of every type and key, and random answers to them: what leaves as QTI must score them alike."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from testing_engine.questions import interactions as asked
from testing_engine.questions.answers import Answer, canonical_answer
from testing_engine.questions.interactions import (
    Associable,
    Associate,
    ChoiceInteraction,
    GapMatch,
    HotText,
    InlineChoice,
    Interaction,
    Match,
    Order,
    Slider,
    TextEntry,
)


def options(ids: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": each, "content": f"option {each}", **more} for each in ids]


def several(most: int = 0, name: str = "R", **more: Any) -> dict[str, Any]:
    return {"type": "choice", "response": name, "max_choices": most, "choices": options("ABCD"), **more}


def typed(name: str = "T", base_type: str = "string", **more: Any) -> dict[str, Any]:
    return {"type": "textEntry", "response": name, "base_type": base_type, **more}


MATCH = {
    "type": "match",
    "response": "M",
    "prompt": "Which belongs where?",
    "sources": options("AB", match_max=0),
    "targets": options("XYZ", match_max=2),
}
ASSOCIATE = {
    "type": "associate",
    "response": "P",
    "choices": options("ABCD", match_max=1),
    "max_associations": 2,
}
GAPS = {
    "type": "gapMatch",
    "response": "G",
    "choices": options("ABC", match_max=2),
    "gaps": [{"id": "G1"}, {"id": "G2"}],
    "shuffle": True,
}
HOT = {"type": "hottext", "response": "H", "choices": options("ABC"), "max_choices": 2}
ORDER = {"type": "order", "response": "O", "choices": options("ABCD"), "shuffle": True}
SLIDER = {"type": "slider", "response": "S", "lower": -2, "upper": 3, "step": 0.5, "base_type": "float"}
INLINE = {"type": "inlineChoice", "response": "I", "choices": options("ABC"), "min_choices": 1}

TYPED = {
    "string": "berlin;BERLIN;Bonn;a b;A b;an bcX;AN X-.;é;É;yes;OUI;x",
    "float": "-1.5;-1.25;-1.75;-1.7;0;2;2.5",
    "integer": "200;198;202;203;197;0;-200",
}

# Content, interactions, and how they are scored.
QUESTIONS: dict[str, dict[str, Any]] = {
    "options": {
        "content": "What is $x^2$?",
        "options": ["$a$ < b", "c & d", "e\nf"],
        "correct_answer": "c & d",
    },
    "scale": {
        "content": "I like it.",
        "options": ["never", "often", "always"],
        "model": "GRM",
        "thresholds": [-1, 1],
        "fixed_options": [2],
    },
    "several": {
        "content": "All that fit:",
        "interactions": [several(shuffle=True, choices=[*options("AB"), *options("CD", fixed=True)])],
        "key": {"R": {"correct": ["A", "C"]}},
    },
    "mapped": {
        "content": "All that fit:",
        "interactions": [several(3, prompt="Choose $\\frac{1}{2}$ of them.\n\nWell!", min_choices=1)],
        "key": {"R": {"mapping": {"A": 1, "B": 0.5, "C": -1}, "upper": 1}},
    },
    "default": {
        "content": "Which?",
        "interactions": [several(0)],
        "key": {"R": {"mapping": {"A": 2, "B": 1}, "default": -1, "lower": -1}},
    },
    "bounded": {
        "content": "Which?",
        "interactions": [several(1)],
        "key": {"R": {"mapping": {"A": 2, "B": 1}, "default": 0.5, "lower": 0.5}},
    },
    "inline": {
        "content": "It is [[I]] of it.",
        "interactions": [INLINE],
        "key": {"I": {"correct": "B"}},
    },
    "text": {
        "content": "The capital is [[T]].\n\n| a | b |\n|---|---|\n| `c` | [[T2]] |",
        "interactions": [typed(max_length=20, expected_length=9, placeholder="town"), typed("T2")],
        "key": {
            "T": {"texts": {"Berlin": 1, "Bonn": 0.5}},
            "T2": {"texts": {"a b": 1}, "case_sensitive": True, "weight": 2},
        },
    },
    "pattern": {
        "content": "Write [[T]].",
        "interactions": [typed()],
        "key": {"T": {"pattern": r"(?:an? )?[b-dX\-]+\.?|É+"}},
    },
    "number": {
        "content": "How much? [[T]]",
        "interactions": [typed(base_type="float")],
        "key": {"T": {"number": -1.5, "tolerance": 0.25}},
    },
    "relative": {
        "content": "How many? [[T]]",
        "interactions": [typed(base_type="integer")],
        "key": {"T": {"number": 200, "tolerance": 1, "relative": True}},
    },
    "order": {
        "content": "In order:",
        "interactions": [ORDER],
        "key": {"O": {"correct": ["B", "A", "D", "C"]}},
    },
    "match": {
        "content": "Pair:",
        "interactions": [MATCH],
        "key": {"M": {"mapping": {"A X": 1, "A Y": 1, "B Z": 1}, "default": -0.5, "upper": 2}},
        "categories": [0, 1, 2],
    },
    "pairs": {
        "content": "Pair:",
        "interactions": [MATCH],
        "key": {"M": {"correct": ["B Z", "A X"]}},
    },
    "associate": {
        "content": "Pair:",
        "interactions": [ASSOCIATE],
        "key": {"P": {"mapping": {"B A": 1, "C D": 1}}},
    },
    "gaps": {
        "content": "Before.\n\nOne [[G:G1]] and\n\nanother [[G:G2]].\n\nAfter.",
        "interactions": [GAPS],
        "key": {"G": {"mapping": {"A G1": 1, "B G2": 1}}},
    },
    "hottext": {
        "content": "Mark [[H:A]] or [[H:B]] or [[H:C]].",
        "interactions": [HOT],
        "key": {"H": {"correct": ["A", "C"]}},
    },
    "slider": {"content": "Where?", "interactions": [SLIDER], "key": {"S": {"number": 1.5}}},
    "mixed": {
        "content": "A [[T]] and\n[[R]]\nand [[I]].",
        "interactions": [typed(base_type="float"), several(), INLINE, ORDER],
        "key": {
            "T": {"number": 2},
            "R": {"mapping": {"A": 1, "B": 1, "C": -1}},
            "I": {"correct": "A"},
            "O": {"correct": ["A", "B", "C", "D"], "weight": 2},
        },
        "categories": [0, 1, 2, 3, 4, 5],
    },
    "all or nothing": {
        "content": "All of it: [[T]]",
        "interactions": [several(), typed()],
        "key": {"R": {"mapping": {"A": 1, "B": 1, "C": -1}}, "T": {"texts": {"yes": 1, "Oui": 1}}},
        "all_or_nothing": True,
    },
    "texts": {
        "content": "A price of \\$5, `code $x$`, 3\\(y\\) and $$z_1$$ with a\nline.\n\n"
        "```\nif a < b:\n  c\n```\n\n"
        "$$\\begin{cases}a & b\\\\c & d\\end{cases}$$ <b>&amp; *stars* [x] `a|b`",
        "interactions": [several(1, "RESPONSE")],
        "key": {"RESPONSE": {"correct": "D"}},
        "passage": "Shared $q$ text.\n\nOf two.",
    },
    "lost": {
        "content": "No formula: $\\bad{$. ![No picture](/elsewhere.png)",
        "options": ["``` is | none", "$$\\vec{a}$$"],
        "correct_answer": "``` is | none",
    },
}


R, T = ({"op": "variable", "name": name} for name in "RT")
VARIABLES = {
    "R": {"base_type": "identifier", "cardinality": "multiple"},
    "T": {"base_type": "float", "cardinality": "single"},
}


def value(of: Any) -> dict[str, Any]:
    return {"op": "value", "value": of}


# Compiled rules, as imports have them: steps, tables, truth, what may be nothing.
RULES: dict[str, dict[str, Any]] = {
    "steps": {
        "categories": [0, 1, 2, 3, 4, 5],
        "steps": [
            ["size", {"op": "containerSize", "of": [R]}],
            ["half", {"op": "divide", "of": [T, value(2)]}],
            ["big", {"op": "gt", "of": [{"op": "variable", "name": "half"}, value(1)]}],
        ],
        "score": {
            "op": "if",
            "of": [
                {
                    "op": "and",
                    "of": [{"op": "variable", "name": "big"}, {"op": "member", "of": [value("A"), R]}],
                },
                {"op": "sum", "of": [{"op": "variable", "name": "size"}, value(1)]},
                {"op": "if", "of": [{"op": "isNull", "of": [R]}, value(0), value(1)]},
            ],
        },
    },
    "table": {
        "categories": [0, 1, 2],
        "score": {
            "op": "lookup",
            "of": [{"op": "max", "of": [T, value(-1)]}],
            "table": [{"up_to": 0, "value": 0}, {"up_to": 2, "inclusive": False, "value": 1}],
            "default": 2,
        },
    },
    "any": {
        "score": {
            "op": "anyN",
            "min": 1,
            "max": 1,
            "of": [{"op": "member", "of": [value("A"), R]}, {"op": "lt", "of": [T, value(2)]}],
        }
    },
    "truth": {
        "score": {
            "op": "or",
            "of": [
                {"op": "contains", "of": [R, value(["A", "B"])]},
                {"op": "not", "of": [{"op": "match", "of": [R, value(["C"])]}]},
                {"op": "equal", "of": [T, value(2)], "tolerance": "absolute", "by": [0, 0.5]},
            ],
        }
    },
    "twice mapped": {
        "categories": [0, 1, 2, 3, 4],
        "score": {
            "op": "sum",
            "of": [
                {"op": "mapResponse", "of": [R], "entries": [{"key": "A", "value": 1}], "default": 0},
                {"op": "mapResponse", "of": [R], "entries": [{"key": "B", "value": 2}], "default": 0},
                {"op": "if", "of": [{"op": "gte", "of": [T, value(2)]}, value(1), value(0)]},
            ],
        },
    },
}
for name, rules in RULES.items():
    QUESTIONS[name] = {
        "content": "How many? [[T]]",
        "interactions": [several(), typed(base_type="float")],
        "scoring": {"variables": VARIABLES, **rules},
    }


def rows() -> list[dict[str, Any]]:
    """A row a question, as an upload has them."""
    made = []
    for index, (name, fields) in enumerate(QUESTIONS.items()):
        row = {"id": name, "concepts": [1], "difficulty": index / 3 - 3, "discrimination": 0.5 + index / 7}
        if fields.get("key", {}).get("T", {}).get("number") is not None and name != "mixed":
            row["guessing"] = 0.1 + index / 100
        made.append({**row, "area": "Odd" if index % 2 else "Even", **fields})
    return made


def random_answer(interactions: Sequence[Interaction], generator: random.Random) -> Answer:
    """One that is taken, canonical."""
    given = {each.response: value for each in interactions if (value := _value(each, generator)) is not None}
    return canonical_answer(interactions, given)


def _value(it: Interaction, generator: random.Random) -> Any:
    least = getattr(it, "min_choices", 0)
    if not least and generator.random() < 0.1:
        return None
    match it:
        case TextEntry():
            texts = (
                "berlin;BERLIN;Bonn;a b;A b;an bcX;AN X-.;é;É;yes;OUI;x" if it.base_type == "string" else ""
            )
            numbers = "-1.5;-1.25;-1.75;-1.7;0;2;200;198;202;203;197;-200"
            usable = texts or (numbers if it.base_type == "float" else "200;198;202;203;197;0;-200")
            return generator.choice(usable.split(";"))
        case Slider():
            return it.lower + it.step * generator.randint(0, round((it.upper - it.lower) / it.step))
        case Order():
            return generator.sample([choice.id for choice in it.choices], len(it.choices))
        case ChoiceInteraction() | HotText() | InlineChoice():
            most = getattr(it, "max_choices", 1) or len(it.choices)
            ids = [choice.id for choice in it.choices]
            return generator.sample(ids, generator.randint(max(least, 1), most))
        case _:
            return _pairs(it, generator)


def _pairs(it: Match | Associate | GapMatch, generator: random.Random) -> list[str]:
    firsts: Sequence[Associable] = it.sources if isinstance(it, Match) else it.choices
    seconds: Mapping[str, int] = {gap.id: 1 for gap in it.gaps} if isinstance(it, GapMatch) else {}
    seconds = seconds or {each.id: each.match_max for each in getattr(it, "targets", firsts)}
    left = {each.id: each.match_max or 99 for each in firsts} | {
        name: most or 99 for name, most in seconds.items()
    }
    pairs: list[str] = []
    every = [(one.id, other) for one in firsts for other in seconds if one.id != other]
    generator.shuffle(every)
    for one, other in every[: generator.randint(1, 4)]:
        is_new = f"{other} {one}" not in pairs and len(pairs) < (it.max_associations or 99)
        if left[one] and left[other] and is_new:
            left[one], left[other] = left[one] - 1, left[other] - 1
            pairs.append(f"{one} {other}")
    return pairs


def interactions_of(row: Mapping[str, Any]) -> tuple[Interaction, ...]:
    if row.get("interactions") is not None:
        return asked.decode(row["interactions"])
    return (asked.choice_of_options(row["options"]),)
