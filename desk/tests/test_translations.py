"""Every text of the desk in German, compiled."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import polib
from django.utils import translation
from django.utils.translation.template import templatize

APP = Path(__file__).resolve().parent.parent
ENGINE = APP.parent / "testing_engine"
# They say sentences, mark them for us, and translate nothing.
SPEAKING = (
    *(module for module in ENGINE.rglob("*.py") if "tests" not in module.parts),
    *(APP.parent / "sessions_app" / "reporting" / "pictures").glob("*.py"),
    APP.parent / "sessions_app" / "reporting" / "pool_pictures.py",
    APP.parent / "sessions_app" / "administration" / "pool_imports.py",
    *(APP.parent / "sessions_app" / "administration" / "classes").glob("*.py"),
    *(APP.parent / "sessions_app" / "administration" / "classes" / "oneroster").glob("*.py"),
    APP.parent / "sessions_app" / "administration" / "brands.py",
    APP.parent / "organisations" / "branding.py",
    APP.parent / "sessions_app" / "administration" / "inviting.py",
    APP.parent / "sessions_app" / "administration" / "told_on.py",
    APP.parent / "sessions_app" / "refusals.py",
    *(APP.parent / "sessions_app" / "measurement").rglob("*.py"),
    *(APP.parent / "sessions_app" / "preparing").glob("*.py"),
    APP.parent / "sessions_app" / "review" / "verification.py",
    *(APP.parent / "sessions_app" / "long_work").glob("*.py"),
    *(APP.parent / "sessions_app" / "waiting").glob("*.py"),
)
MARKS = ("_", "gettext", "gettext_lazy", "gettext_noop", "marked", "say")
CATALOGUE = APP / "locale" / "de" / "LC_MESSAGES" / "django.po"


def in_the_code() -> set[str]:
    """Every text that a template or the code asks a translation of."""
    found: set[str] = set()
    for template in (APP / "templates").rglob("*.html"):
        code = templatize(template.read_text())
        found |= {text for _, text in re.findall(r"""(?:gettext\(u?|\b_\()(['"])(.*?)\1\)""", code)}
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


def said() -> Iterator[tuple[Path, ast.Call]]:
    """Every call of `say` with the words in it."""
    for module in SPEAKING:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "say":
                yield module, node


def test_sentences_have_a_value_for_every_place() -> None:
    """One that has none would fail when it is said, and most are said about odd files alone."""
    for module, call in said():
        (words,) = call.args
        if isinstance(words, ast.Constant):
            places = {
                name for _, name, _, _ in string.Formatter().parse(str(words.value)) if name is not None
            }
            given = {keyword.arg for keyword in call.keywords}
            assert places == given or None in given, f"{module.name}:{call.lineno}: {words.value!r}"


def test_what_is_refused_or_lost_is_said_in_sentences() -> None:
    """What a reader says must be a sentence, or a page cannot translate it. `mypy` sees most of it: what is
    put together of sentences is one again only by `say`, `together` or `quoted`."""
    tellers = {"lose", "refuse", "NotTaken", "NotCarried", "QuestionRefused", "UploadRefused"}
    found = [
        f"{module.name}:{node.lineno}: {ast.unparse(argument)}"
        for module in SPEAKING
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in tellers
        for argument in node.args
        if isinstance(argument, ast.JoinedStr) or (isinstance(argument, ast.Constant) and argument.value)
    ]
    assert not found
