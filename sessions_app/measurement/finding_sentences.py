"""What a stored finding of a calibration says, to be said in any language."""

from collections.abc import Mapping, Sequence
from typing import Any

from testing_engine.calibration.sentences import sentence_of
from testing_engine.sentences import Sentence, quoted


def said_by(finding: Mapping[str, Any], concepts: Sequence[str]) -> Sentence:
    """Its sentence, made anew of its code and numbers; of one whose numbers tell less, as it was kept."""
    try:
        return sentence_of(finding["code"], finding["item"], finding["numbers"], concepts)
    except (KeyError, TypeError, ValueError):
        return quoted(finding["sentence"])
