"""Every text of the page in every language, compiled."""

import ast
import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override
from django.utils.translation.template import templatize

from sessions_app.mailing import letters
from sessions_app.reporting import levels, pool_readiness, sentences
from sessions_app.reporting.languages import LOCALE as RESULTS_LOCALE
from sessions_app.reporting.languages import languages as languages_of_results
from student_page.languages import LOCALE, languages
from student_page.texts import join_texts, script_texts

APP = LOCALE.parent
CATALOGUES = sorted(
    [*LOCALE.glob("*/LC_MESSAGES/django.po"), *RESULTS_LOCALE.glob("*/LC_MESSAGES/django.po")]
)
NAMES = [f"{path.parts[-5]} {path.parts[-3]}" for path in CATALOGUES]
Key = tuple[str | None, str]
TRANSLATED = ("_", "gettext", "gettext_noop", "pgettext")


def in_the_code() -> set[Key]:
    """Every text of the page that a template or the code asks a translation of: (context, text)."""
    with override("en"):
        said = (*script_texts().values(), *join_texts().values())
        found: set[Key] = {(None, text) for text in said}
    return found | in_templates(APP / "templates")


def in_templates(folder: Path) -> set[Key]:
    found: set[Key] = set()
    for template in folder.rglob("*.html"):
        code = templatize(template.read_text())
        found |= {(None, text) for _, text in re.findall(r"""gettext\(u?(['"])(.*?)\1\)""", code)}
        assert "blocktranslate" not in template.read_text(), "this test would not find its texts"
    return found


def in_results() -> set[Key]:
    """The same, of sentences of results, of what a pool says of itself, of letters and of a launch."""
    found: set[Key] = set()
    for module in (letters, levels, pool_readiness, sentences):
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in TRANSLATED
                and isinstance(node.args[0], ast.Constant)
            ):
                texts = [ast.literal_eval(each) for each in node.args]
                found.add((texts[0] if len(texts) == 2 else None, texts[-1]))
    return found | in_templates(RESULTS_LOCALE.parent / "templates" / "lti")


def test_it_finds_the_texts() -> None:
    assert len(in_the_code()) > 60
    assert (None, "Begin") in in_the_code()
    assert {("level", "Secure"), (None, "Very likely {level}.")} <= in_results()


def test_there_is_german() -> None:
    assert languages() == {"en": "English", "de": "Deutsch"}
    assert languages_of_results() == set(languages())


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_every_text_is_translated(path: Path) -> None:
    catalogue = polib.pofile(str(path))
    wanted = in_results() if RESULTS_LOCALE in path.parents else in_the_code()
    assert {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete} == wanted
    assert not catalogue.untranslated_entries()
    assert not catalogue.fuzzy_entries()


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_translations_fill_in_the_same_words(path: Path) -> None:
    for entry in polib.pofile(str(path)):
        assert set(re.findall(r"\{\w+\}", entry.msgid)) == set(re.findall(r"\{\w+\}", entry.msgstr)), (
            entry.msgid
        )


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    compiled = polib.mofile(str(path.with_suffix(".mo")))
    written = polib.pofile(str(path))
    texts = [{(e.msgctxt, e.msgid): e.msgstr for e in catalogue} for catalogue in (compiled, written)]
    assert texts[0] == texts[1], "run `django-admin compilemessages` in its app and commit the .mo"
