"""Every text of the desk in German, compiled."""

import ast
import re
from pathlib import Path

import polib
from django.utils import translation
from django.utils.translation.template import templatize

APP = Path(__file__).resolve().parent.parent
ENGINE = APP.parent / "testing_engine"
# They say sentences, mark them for us, and translate nothing.
SPEAKING = (
    *(ENGINE / "authoring").glob("*.py"),
    *(ENGINE / "parameter_tables").glob("*.py"),
    *(ENGINE / "pictures").glob("*.py"),
    *(APP.parent / "sessions_app" / "reporting" / "pictures").glob("*.py"),
    APP.parent / "sessions_app" / "reporting" / "pool_pictures.py",
    ENGINE / "parameters.py",
    ENGINE / "excerpts.py",
)
MARKS = ("_", "gettext", "gettext_lazy", "marked", "say")
CATALOGUE = APP / "locale" / "de" / "LC_MESSAGES" / "django.po"


def in_the_code() -> set[str]:
    """Every text that a template or the code asks a translation of."""
    found: set[str] = set()
    for template in (APP / "templates").rglob("*.html"):
        code = templatize(template.read_text())
        found |= {text for _, text in re.findall(r"""gettext\(u?(['"])(.*?)\1\)""", code)}
        assert "blocktranslate" not in template.read_text(), "this test would not find its texts"
    for module in (*APP.rglob("*.py"), *SPEAKING):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in MARKS:
                texts = (each.value for each in node.args[:1] if isinstance(each, ast.Constant))
                found |= {str(text) for text in texts if text}
    return found


def test_every_text_is_translated_and_compiled() -> None:
    catalogue = polib.pofile(str(CATALOGUE))
    assert "Log in" in in_the_code()
    assert {entry.msgid for entry in catalogue if not entry.obsolete} == in_the_code()
    assert not catalogue.untranslated_entries()
    assert not catalogue.fuzzy_entries()
    compiled = {entry.msgid: entry.msgstr for entry in polib.mofile(str(CATALOGUE.with_suffix(".mo")))}
    assert compiled == {entry.msgid: entry.msgstr for entry in catalogue}, (
        "compile the .po and commit the .mo"
    )
    for entry in catalogue:
        assert set(re.findall(r"\{\w+\}", entry.msgid)) == set(re.findall(r"\{\w+\}", entry.msgstr)), (
            entry.msgid
        )


def test_the_page_says_what_the_catalogue_says() -> None:
    """A text that another part of the service has, too, may be said otherwise there; that would show."""
    with translation.override("de"):
        shown = {entry.msgid: translation.gettext(entry.msgid) for entry in polib.pofile(str(CATALOGUE))}
    assert shown == {entry.msgid: entry.msgstr for entry in polib.pofile(str(CATALOGUE))}
