"""Patterns of text (RE2) → patterns as XML Schema and players in browsers know them.

The whole text must match, which players in browsers are told by ^ and $ (in XML Schema they are signs like
any other; no player that is known goes by it). What has no word that all know is refused.
"""

import re

from testing_engine.interchange.qti.texts import NotCarried
from testing_engine.sentences import say

_ESCAPES = "dDwWsS"  # classes that mean the same enough: digits, words, blanks
_TOKEN = re.compile(
    r"\\(?:[pP]\{\^?\w+\}|[\s\S])|\(\?:|\(\?|\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[\s\S]"
)


def portable_pattern(pattern: str, *, case_sensitive: bool) -> str:
    """Raises `NotCarried`."""
    written: list[str] = []
    tokens = _TOKEN.findall(pattern)
    for index, part in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        if part == "(?:":
            written.append("(")
        elif part == "(?":
            raise NotCarried(say("its pattern has options or names inside it"))
        elif part in ("^", "$") and index in (0, len(tokens) - 1):
            continue  # the whole text matches anyway
        elif part in ("^", "$"):
            raise NotCarried(say("its pattern has {part} inside it", part=part))
        elif part in ("?", "+") and (before in ("*", "+", "?") or before.startswith("{")):
            continue  # greedy or not: of the whole text the same
        elif part.startswith("\\"):
            written.append(_escape(part))
        elif part.startswith("["):
            written.append(part if case_sensitive else _either_case_in_class(part))
        else:
            written.append(part if case_sensitive else _either_case(part))
    return f"^({''.join(written)})$"


def _escape(token: str) -> str:
    sign = token[1]
    if sign in _ESCAPES or not sign.isalnum():
        return token
    if sign in "nrt":
        return token
    raise NotCarried(say("its pattern has {token}, which not every player knows", token=token))


def _either_case(sign: str) -> str:
    lower, upper = sign.lower(), sign.upper()
    return f"[{lower}{upper}]" if lower != upper and len(lower) == len(upper) == 1 else sign


def _either_case_in_class(token: str) -> str:
    """The class with the other case of its letters and of its ranges of letters."""
    inside = token[1:-1]
    negated, inside = ("^", inside[1:]) if inside.startswith("^") else ("", inside)
    more: list[str] = []
    for found in re.finditer(r"\\.|([^\\])-([^\\])|.", inside, re.DOTALL):
        if found[1]:
            first, last = found[1], found[2]
            if first.isalpha() != last.isalpha() or first.islower() != last.islower():
                raise NotCarried(say("its pattern has a range of signs in which case does not count"))
            if first.isalpha():
                more.append(f"{first.swapcase()}-{last.swapcase()}")
        elif (
            not found[0].startswith("\\")
            and found[0].swapcase() != found[0]
            and len(found[0].swapcase()) == 1
        ):
            more.append(found[0].swapcase())
    return f"[{negated}{inside}{''.join(more)}]"
