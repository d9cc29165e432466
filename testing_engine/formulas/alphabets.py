"""Unicode's mathematical alphabets (U+1D400 to U+1D7FF): bold, script, … letters that are characters.

Each block has A–Z and a–z in order; a few letters had been encoded before, in Letterlike Symbols, and their
places in the blocks are empty.
"""

_LATIN = {
    "bold": 0x1D400,
    "italic": 0x1D434,
    "bold-italic": 0x1D468,
    "script": 0x1D49C,
    "bold-script": 0x1D4D0,
    "fraktur": 0x1D504,
    "double-struck": 0x1D538,
    "bold-fraktur": 0x1D56C,
    "sans-serif": 0x1D5A0,
    "bold-sans-serif": 0x1D5D4,
    "sans-serif-italic": 0x1D608,
    "sans-serif-bold-italic": 0x1D63C,
    "monospace": 0x1D670,
}
_DIGITS = {
    "bold": 0x1D7CE,
    "double-struck": 0x1D7D8,
    "sans-serif": 0x1D7E2,
    "bold-sans-serif": 0x1D7EC,
    "monospace": 0x1D7F6,
}
_GREEK = {
    "bold": 0x1D6A8,
    "italic": 0x1D6E2,
    "bold-italic": 0x1D71C,
    "bold-sans-serif": 0x1D756,
    "sans-serif-bold-italic": 0x1D790,
}
# In the order of those blocks.
_GREEK_LETTERS = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡϴΣΤΥΦΧΨΩ∇αβγδεζηθικλμνξοπρςστυφχψω∂ϵϑϰϕϱϖ"
_EARLIER = {
    ("italic", "h"): "ℎ",
    **{("script", letter): sign for letter, sign in zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)},
    **{("fraktur", letter): sign for letter, sign in zip("CHIRZ", "ℭℌℑℜℨ", strict=True)},
    **{("double-struck", letter): sign for letter, sign in zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)},
}


def written_in(variant: str, text: str) -> str | None:
    """The text in an alphabet, or None where it has letters that the alphabet has not."""
    letters = [_letter(variant, letter) for letter in text]
    return None if None in letters else "".join(letter for letter in letters if letter)


def _letter(variant: str, letter: str) -> str | None:
    if known := _EARLIER.get((variant, letter)):
        return known
    if letter.isascii() and letter.isalpha() and variant in _LATIN:
        place = ord(letter) - ord("A") if letter.isupper() else ord(letter) - ord("a") + 26
        return chr(_LATIN[variant] + place)
    if letter.isascii() and letter.isdigit() and variant in _DIGITS:
        return chr(_DIGITS[variant] + int(letter))
    if letter in _GREEK_LETTERS and variant in _GREEK:
        return chr(_GREEK[variant] + _GREEK_LETTERS.index(letter))
    return None
