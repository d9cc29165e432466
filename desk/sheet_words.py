"""What a sheet's fields are called, in a teacher's words, and which of them each type of answer shows."""

from django.utils.translation import gettext_lazy as _

from testing_engine.authoring.drafting import MODELS_LISTED
from testing_engine.authoring.sheet import NUMBER, OWN, RATING, RULES, SEVERAL, SHARE, WHOLE

# Type → (what it is called, what it is for).
TYPES = {
    "choice": (_("One right answer"), _("Students choose one of the answers.")),
    SEVERAL: (_("Several right answers"), _("Students tick as many as they like.")),
    "inlineChoice": (_("List in the text"), _("A list of words at a place in the text.")),
    "textEntry": (
        _("Text to type"),
        _("A field at a place in the text. Capital letters and blanks do not matter."),
    ),
    NUMBER: (_("Number to type"), _("A field at a place in the text, with point or comma.")),
    "order": (
        _("Put in order"),
        _("Write them in the right order: students see them in another one. Or say each one’s place."),
    ),
    "match": (_("Match two lists"), _("Tick what of the second list belongs to each of the first.")),
    "associate": (
        _("Pairs to make"),
        _("Tick what belongs together. What belongs to nothing is left alone."),
    ),
    "gapMatch": (
        _("Words into gaps"),
        _("Each gap has a place in the text. Tick the word that belongs there."),
    ),
    "hottext": (_("Mark words in the text"), _("Each of these words stands at its place in the text.")),
    "slider": (_("Slider"), _("Students choose a number between two ends.")),
    RATING: (_("Rating scale"), _("Nothing is right or wrong: each step earns its points, from 0.")),
}
SHEET = {
    "content": (
        _("Question"),
        _("Plain text. Formulas between $ and $, or \\( and \\), \\[ and \\]; `code` between backticks."),
    ),
    "passage": (
        _("Text that belongs to it"),
        _("A text, picture or table beside the question; several questions may have the same."),
    ),
    "area": (_("Area"), _("So that a test can take some of each area. May stay empty.")),
    "all_or_nothing": (
        _("Only everything together counts"),
        _("Right where every part is right; else nothing."),
    ),
    "model": (_("Response model"), _("Left empty: the usual one for what is asked.")),
    "difficulty": (_("Difficulty b"), ""),
    "discrimination": (_("Discrimination a"), ""),
    "guessing": (_("Lower asymptote c"), ""),
    "upper_asymptote": (_("Upper asymptote d"), ""),
    "thresholds": (_("Thresholds"), _("Numbers with blanks between them.")),
    "category_slopes": (_("Slopes of categories"), ""),
    "category_intercepts": (_("Intercepts of categories"), ""),
    "question_set": (
        _("Question set"),
        _(
            "The same name at each question that belongs to the same text. They come one after the other in "
            "a test whose content rules say so."
        ),
    ),
    "enemy_groups": (
        _("Never together with"),
        _("Names of groups, a line each: a test has one question of a group at most."),
    ),
    "id": (
        _("Name of the question"),
        _("A number by itself. It shows in reports, and students can find it: it should tell nothing."),
    ),
}
MODELS = [("", _("usual")), *((model, model) for model in MODELS_LISTED)]
NUMBER_KINDS = [("float", _("with decimals")), ("integer", _("whole numbers only"))]
TAKE_PASSAGE = (
    _("A text that other questions have already"),
    _("Chosen, it stands below; the numbers are those of the questions."),
)
WEIGHT = _("Weight, where it is not 1")
PROMPT = _("Words above it")
WORTH = _("Points")
PLACE = _("Place")
MOST = _("How often")
CREDIT = _("Points")

# Field of a part → (label, kind, help).
PART_FIELDS = {
    "number": (_("Right number"), "line", ""),
    "tolerance": (_("May differ by"), "line", ""),
    "relative": (_("… per cent"), "tick", ""),
    "base_type": (_("Which numbers"), "select", ""),
    "lower": (_("Lowest"), "line", ""),
    "upper": (_("Highest"), "line", ""),
    "step": (_("Step"), "line", ""),
    "least": (_("At least so many"), "line", _("0: may stay empty.")),
    "most": (_("At most so many"), "line", _("0: any number.")),
    "shuffle": (_("May stand in another order for each student"), "tick", ""),
    "max_length": (_("At most so many letters"), "line", ""),
    "expected_length": (_("Width of the field, in letters"), "line", ""),
    "placeholder": (_("Words in the empty field"), "line", ""),
    "case_sensitive": (_("Capital letters matter"), "tick", ""),
    "pattern": (_("Or a pattern (regular expression) that the whole text must fit"), "line", ""),
    "worths": (_("What each pair is worth"), "lines", _("A line each: A 1 = 0.5")),
    "key_default": (_("What anything else is worth"), "line", ""),
    "key_lower": (_("Never less than"), "line", ""),
    "key_upper": (_("Never more than"), "line", ""),
    "weight": (_("Counts how many times"), "line", ""),
}
SHOWN: dict[str, tuple[str, ...]] = {
    NUMBER: ("number", "tolerance", "relative"),
    "slider": ("lower", "upper", "step", "number", "tolerance"),
}
FOLDED: dict[str, tuple[str, ...]] = {
    "choice": ("least", "shuffle"),
    SEVERAL: ("least", "most", "shuffle"),
    "inlineChoice": ("least", "shuffle"),
    "textEntry": ("case_sensitive", "pattern", "max_length", "expected_length", "placeholder"),
    NUMBER: ("base_type", "max_length", "expected_length", "placeholder"),
    "order": ("least", "most", "shuffle"),
    "match": ("least", "most", "shuffle"),
    "associate": ("least", "most", "shuffle"),
    "gapMatch": ("least", "most", "shuffle"),
    "hottext": ("least", "most"),
    "slider": ("base_type", "relative"),
}
CAN_STAY = ("choice", SEVERAL)

CREDITS_OF: dict[str, tuple[str, ...]] = {
    "choice": (WHOLE, OWN),
    SEVERAL: (WHOLE, SHARE, OWN),
    "inlineChoice": (WHOLE, OWN),
    "match": (WHOLE, SHARE, OWN),
    "associate": (WHOLE, SHARE, OWN),
    "gapMatch": (WHOLE, SHARE, OWN),
    "hottext": (WHOLE, SHARE, OWN),
    "order": (WHOLE,),
    "textEntry": (WHOLE,),
    NUMBER: (WHOLE,),
    "slider": (WHOLE,),
}
CREDITS = {
    WHOLE: _("Right or wrong"),
    SHARE: _("A share for each right one"),
    OWN: _("Points for each answer"),
    RULES: _("By the rules that came with it"),
}
CREDITS_SEVERAL = {
    WHOLE: _("Only everything right counts"),
    SHARE: _("Each right one earns its share, each wrong one takes one away"),
    OWN: _("Points for each"),
    RULES: _("By the rules that came with it"),
}
# Type → (what a row is called, the button that adds one).
ROWS = {
    "choice": (_("Possible answer"), _("One more answer")),
    "textEntry": (_("What is typed"), _("One more that is right")),
    "order": (_("Thing"), _("One more thing")),
    "match": (_("First list"), _("One more in the first list")),
    "associate": (_("Thing"), _("One more thing")),
    "gapMatch": (_("Word"), _("One more word")),
    "hottext": (_("Words"), _("Some more words")),
    RATING: (_("Step of the scale"), _("One more step")),
}
TARGETS = {
    "match": (_("Second list"), _("One more in the second list")),
    "gapMatch": (_("Gap"), _("One more gap")),
}
