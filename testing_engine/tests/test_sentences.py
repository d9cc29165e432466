"""What is said in English and can be said in other languages."""

import json
import pickle

from testing_engine.interchange.drafting import QuestionRefused
from testing_engine.sentences import (
    Sentence,
    first_up,
    from_plain,
    quoted,
    reason_of,
    say,
    to_plain,
    together,
    without_stop,
)

INNER = say("must have {count} texts.", count=2)
WHOLE = say("{field}: {problem}", field="a {b}", problem=first_up(INNER))


def test_a_sentence_is_its_english_text() -> None:
    assert WHOLE == "a {b}: Must have 2 texts."
    assert json.dumps([WHOLE]) == '["a {b}: Must have 2 texts."]'
    assert len({WHOLE, "a {b}: Must have 2 texts."}) == 1
    assert say("a brace {{ or {what}", what="}") == "a brace { or }"
    assert without_stop(WHOLE) == "a {b}: Must have 2 texts"
    assert together([INNER, WHOLE], by="; ") == f"{INNER}; {WHOLE}"


def test_its_words_stay_with_it_through_an_exception() -> None:
    for found in (reason_of(QuestionRefused(WHOLE)), QuestionRefused(WHOLE).sentence):
        assert (found.words, found.values["problem"].words) == ("{field}: {problem}", INNER.words)  # type: ignore[attr-defined]
    assert reason_of(OSError("no {such} file")) == "no {such} file"


def test_it_can_be_kept() -> None:
    for sentence in (WHOLE, without_stop(together([INNER, quoted("{}"), Sentence()]))):
        kept = from_plain(json.loads(json.dumps(to_plain(sentence))))
        assert (kept, to_plain(kept)) == (sentence, to_plain(sentence))
        assert to_plain(pickle.loads(pickle.dumps(sentence))) == to_plain(sentence)  # noqa: S301
    assert from_plain("{as it was kept before}") == "{as it was kept before}"
