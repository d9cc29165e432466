"""Every text of the page in every language, compiled."""

import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override
from django.utils.translation.template import templatize

from sessions_app.reporting.levels import CUTS, NAMES, level_of
from sessions_app.sitting.proficiency import proficiency_of
from student_page import bands
from student_page.languages import LOCALE, languages
from student_page.texts import script_texts

APP = LOCALE.parent
CATALOGUES = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))
Key = tuple[str | None, str]


def in_the_code() -> set[Key]:
    """Every text that a template or the code asks a translation of: (context, text)."""
    with override("en"):
        found: set[Key] = {(None, text) for text in (*script_texts().values(), *bands.meanings())}
        found |= {("level", name) for name in bands.names()}
    for template in (APP / "templates").rglob("*.html"):
        code = templatize(template.read_text())
        found |= {(None, text) for _, text in re.findall(r"""gettext\(u?(['"])(.*?)\1\)""", code)}
        assert "blocktranslate" not in template.read_text(), "this test would not find its texts"
    return found


def test_it_finds_the_texts() -> None:
    assert len(in_the_code()) > 80
    assert (None, "Begin") in in_the_code()


def test_there_is_german() -> None:
    assert languages() == {"en": "English", "de": "Deutsch"}


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_text_is_translated(path: Path) -> None:
    catalogue = polib.pofile(str(path))
    assert {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete} == in_the_code()
    assert not catalogue.untranslated_entries()
    assert not catalogue.fuzzy_entries()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_translations_fill_in_the_same_words(path: Path) -> None:
    for entry in polib.pofile(str(path)):
        assert set(re.findall(r"\{\w+\}", entry.msgid)) == set(re.findall(r"\{\w+\}", entry.msgstr)), (
            entry.msgid
        )


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    compiled = polib.mofile(str(path.with_suffix(".mo")))
    written = polib.pofile(str(path))
    texts = [{(e.msgctxt, e.msgid): e.msgstr for e in catalogue} for catalogue in (compiled, written)]
    assert texts[0] == texts[1], "run `django-admin compilemessages` in student_page/ and commit the .mo"


def test_levels_are_cut_in_order() -> None:
    assert list(bands.CUTS) == sorted(set(bands.CUTS))
    assert len(bands.names()) == len(bands.meanings()) == len(bands.CUTS) + 1
    assert bands.CUTS[0] > 0
    assert bands.CUTS[-1] < 1


def test_students_read_the_levels_that_teachers_read() -> None:
    with override("en"):
        names = bands.names()
    assert names == list(NAMES)
    for theta in (*CUTS, *(cut - 0.001 for cut in CUTS), *(cut + 0.001 for cut in CUTS)):
        assert names[sum(proficiency_of(theta) >= cut for cut in bands.CUTS)] == level_of(theta)
