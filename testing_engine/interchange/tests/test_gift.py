"""GIFT by its features, each scored by hand."""

import pytest

from testing_engine.interchange.drafting import Draft, Drafting
from testing_engine.interchange.gift import is_gift, read_gift
from testing_engine.interchange.imported import Upload, UploadRefused
from testing_engine.interchange.tests.readings import Reading


def _read(text: str | bytes) -> Reading:
    return Reading(read_gift, text)


def _contents(reading: Reading) -> list[str]:
    return [choice["content"] for choice in reading.row()["interactions"][0]["choices"]]


def test_a_choice_of_one_with_part_marks_and_feedback() -> None:
    reading = _read("::Sum:: 2 + 2 = ? {=4 #good ~%50%five ~6 #no ####all}")
    assert reading.only().id == "Sum"
    assert reading.only().losses == ("Feedback is dropped.",)
    assert _contents(reading) == ["4", "five", "6"]
    assert [reading.score(each) for each in ("A", "B", "C", None)] == [1, 0.5, 0, 0]
    assert reading.row()["content"] == "2 + 2 = ?"


def test_several_right_answers_are_bounded() -> None:
    reading = _read("Which? {~%50%a ~%50%b ~%-100%c}")
    assert [reading.score(each) for each in (["A", "B"], ["A"], ["A", "C"], [])] == [1, 0.5, 0, 0]


def test_more_than_all_is_all() -> None:
    assert _read("Which? {~%50%a ~%50%b ~%50%c}").score(["A", "B", "C"]) == 1


def test_thirds_add_up_to_one() -> None:
    assert _read("Which? {~%33.33333%a ~%33.33333%b ~%33.33333%c ~d}").score(["A", "B", "C"]) == 1


@pytest.mark.parametrize(("word", "right"), [("T", "A"), ("TRUE", "A"), ("F", "B"), ("false", "B")])
def test_true_or_false(word: str, right: str) -> None:
    reading = _read(f"The sun shines. {{{word}#wrong#right}}")
    assert (reading.score("A"), reading.score("B")) == (float(right == "A"), float(right == "B"))


def test_short_answers_with_wildcards_take_the_first_that_fits() -> None:
    reading = _read("Who? {=Grant =%50%Gr*t =%25%*nt}")
    given = ["grant", " GRANT ", "Great", "Brent", "Lee", ""]
    assert [reading.score(each) for each in given] == [1, 1, 0.5, 0.25, 0, 0]


def test_short_answers_without_wildcards_are_a_plain_list() -> None:
    reading = _read("Who? {=Grant =%50%Ulysses}")
    assert reading.row()["key"]["RESPONSE"]["texts"] == {"Ulysses": 0.5, "Grant": 1.0}


@pytest.mark.parametrize(
    ("answer", "scores"),
    [
        ("#3.5:0.5", {"3": 1, "4": 1, "4.01": 0}),
        ("#1..3", {"1": 1, "3": 1, "3,1": 0}),
        ("#-3..-1", {"-2": 1, "0": 0}),
        ("#=1822:0 =%50%1822:2 #near", {"1822": 1, "1820": 0.5, "1819": 0}),
        ("#1,5", {"1.5": 1, "1,5": 1, "15": 0}),
        ("#3:2~#Wrong altogether", {"5": 1, "5.1": 0}),
        ("#\n    =7:0      #Right!\n    =%50%7:2  #Near,\n     so half.\n", {"7": 1, "9": 0.5}),
        ("#=5 =%25%*", {"5": 1, "7": 0.25, "": 0}),
    ],
)
def test_numbers(answer: str, scores: dict[str, float]) -> None:
    reading = _read(f"How much? {{{answer}}}")
    assert {typed: reading.score(typed) for typed in scores} == scores


def test_pairs_earn_their_share() -> None:
    reading = _read("Match. {=cat -> meow =dog -> woof =cow -> moo = -> bleat}")
    (match,) = reading.row()["interactions"]
    assert [target["content"] for target in match["targets"]] == ["bleat", "meow", "moo", "woof"]
    assert reading.score(["S1 T2", "S2 T4", "S3 T1"]) == pytest.approx(0.666667)
    assert reading.score(["S1 T2", "S2 T4", "S3 T3"]) == 1


def test_a_missing_word_leaves_a_gap() -> None:
    assert _read("Grant is {~buried =entombed} in a tomb.").row()["content"] == "Grant is _____ in a tomb."


def test_signs_behind_a_backslash_are_signs() -> None:
    reading = _read(r"::a\:\:b:: \{1, 2\} \= x\~ \#1 C\:\\d\nnext {=\=1 ~\~2 \# 3 ~\{4\}}")
    assert reading.only().id == "a::b"
    assert reading.row()["content"] == "{1, 2} = x~ #1 C:\\d\nnext"
    assert _contents(reading) == ["=1", "~2 # 3", "{4}"]


def test_formats_of_text() -> None:
    assert _read("[html]<p>a</p><p>b</p> {T}").row()["content"] == "a\n\nb"
    assert _read("[markdown]* one\n* **two** {T}").row()["content"] == "• one\n• two"
    assert _read("[plain]1 <b> 2 {T}").row()["content"] == "1 <b> 2"
    assert _read("[moodle]x<y and\na&lt;b {T}").row()["content"] == "x<y and\na<b"
    assert _contents(_read("Which? {=[html]<i>a</i> ~[plain]<b>}")) == ["a", "<b>"]


def test_categories_comments_and_passages() -> None:
    reading = _read(
        "// a bank\n$CATEGORY: $course$/top/Algebra/Sums\n\nRead this.\n\n"
        "// [id:q-1] [tag:easy]\n::One:: 1? {T}\n\n$CATEGORY: Geometry\n\n::Two:: 2? {F}\n"
    )
    first, second = reading.questions
    assert (first.id, first.source, first.losses) == ("q-1", "line 7", ("Tags are dropped.",))
    assert first.row is not None
    assert second.row is not None
    assert (first.row["area"], first.row["passage"]) == ("Algebra / Sums", "Read this.")
    assert second.row["area"] == "Geometry"
    assert "passage" not in second.row


def test_one_bad_question_costs_no_other() -> None:
    reading = _read(
        "::A:: x {=1 ~1}\n\n::B:: essay {}\n\n::C:: {{\n\n::D:: n {#x}\n\n::E:: good {T}\n\n::F:: a {~b ~c}"
    )
    assert [question.outcome for question in reading.questions] == [*["refused"] * 4, "taken", "refused"]
    reasons = [question.refusals[0] for question in reading.questions if question.refusals]
    assert "look the same" in reasons[0]
    assert "essay" in reasons[1]
    assert "brace" in reasons[2]
    assert "“x” is no number" in reasons[3]
    assert "earns the same" in reasons[4]
    assert reading.question("D").source == "line 7"


def test_a_name_that_comes_twice_is_told_apart() -> None:
    first, second = _read("::A:: x {T}\n\n::A:: y {F}").questions
    assert (first.id, second.id) == ("A", "A (2)")
    assert "Another question" in second.losses[0]


def test_more_scores_than_a_model_tells_apart_are_merged() -> None:
    pairs = " ".join(f"=q{n} -> a{n}" for n in range(8))
    reading = _read(f"Match. {{{pairs}}}")
    assert reading.row()["categories"][0] == 0
    assert reading.row()["categories"][-1] == 1
    assert len(reading.row()["categories"]) == 6
    assert "9 different scores" in reading.only().losses[0]


def test_windows_1252_is_named() -> None:
    with pytest.raises(UploadRefused, match=r"Line 3: .*Windows-1252, where “ä}” stands"):
        _read("\n\nx {=ä}".encode("cp1252"))


def test_a_file_without_questions_is_refused() -> None:
    with pytest.raises(UploadRefused, match="no question"):
        _read("// only a comment\n")


@pytest.mark.parametrize(
    "text", ["{" * 100_000, "x {" + "~a" * 300_000 + "}", "x {=" + "a*" * 500_000 + "}", "\\" * 10**6]
)
def test_hostile_texts_are_refused_or_read(text: str) -> None:
    assert len(_read(text).questions) <= 1


def test_gift_is_recognised() -> None:
    assert is_gift(Upload("a.txt", b"::A:: x {T}"))
    assert is_gift(Upload("a.txt", b"x {=a ~b}"))
    assert not is_gift(Upload("a.txt", b"Q?\nA. a\nB. b\nANSWER: A"))
    assert not is_gift(Upload("a.csv", b"id,content\n1,x {=a}"))
    assert not is_gift(Upload("a.txt", b"id\tcontent\n1\t$\\\\sum_{T} x$"))
    assert not is_gift(Upload("a.json", b'[{"id": 1}]'))


def test_many_of_one_name_are_numbered_each_from_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not each from the beginning: of twenty thousand that would take minutes."""
    asked: list[str] = []

    class Counted(set[str]):
        def __contains__(self, name: object) -> bool:
            asked.append(str(name))
            return super().__contains__(name)

    drafting = Drafting("gift")
    monkeypatch.setattr(drafting, "_taken", Counted())
    for _ in range(50):
        drafting.add(Draft("line 1", "Q"))  # refused: it has no text
        draft = Draft("line 1", "Q", content="?")
        draft.interactions = [{"type": "textEntry", "response": "R", "base_type": "string"}]
        draft.keys = {"R": {"texts": {"a": 1}}}
        drafting.add(draft)
    taken = [each.id for each in drafting.pool().questions if each.outcome != "refused"]
    assert (taken[0], taken[1], taken[-1], len(set(taken))) == ("Q", "Q (2)", "Q (50)", 50)
    assert len(asked) <= 300
