"""Names that other programs give to item parameters: who uses one in a pool document means a parameter."""

import re

# By the place that the parameter has in a pool document.
_MEANT = {
    "difficulty": (
        r"b|diff|dffclt|beta\w?|measure|location|delta\w?|xsi|axsi.*|b[-_ ]par(?:a?m)?"
        r"|item[-_ ]?difficulty"
    ),
    "discrimination": (
        r"a|a\d|disc|discrim|dscrmn|alpha\w?|slope|a[-_ ]par(?:a?m)?|item[-_ ]?discrimination|lambda\w?"
    ),
    "guessing": (
        r"c|g|gussng|guess|logit\(g\)|lower|lower[-_ ]?asymptote|c[-_ ]par(?:a?m)?|pseudo[-_ ]?guessing"
    ),
    "upper_asymptote": r"d|u|logit\(u\)|upper|slip|d[-_ ]par(?:a?m)?",
    "thresholds": r"threshold\W*\d*|b\d|cb\d|tau.*|step\W?\d*|extrmt\d+|catgr.*|betaj\d+|deltaj\d+",
    "category_slopes": r"ak\d+|alphaj\d+",
    "category_intercepts": r"cj\d+|d\d+",
}
_PATTERNS = tuple((field, re.compile(pattern)) for field, pattern in _MEANT.items())


def meant_parameter(name: str) -> str | None:
    """The field of a question whose parameter other programs call so, or None."""
    small = name.strip().lower()
    return next((field for field, pattern in _PATTERNS if pattern.fullmatch(small)), None)
