"""What a calibration finds, and what falls short of a pool's requirements, in both languages."""

import json
from typing import Any

import pytest
from django.utils import translation

from desk.calibration_words import finding_in_words, findings_in_words
from desk.sentences import translated
from sessions_app.measurement.finding_sentences import said_by
from testing_engine.calibration.findings import CODES, Finding
from testing_engine.psychometrics.rules import CatRules
from testing_engine.sentences import from_plain, to_plain
from testing_engine.simulation.requirements import Requirements, shortfalls

# Of each code, the numbers with which its sentences differ.
NUMBERS: dict[str, list[dict[str, Any]]] = {
    "not_converged": [{"largest_step": 1e-4, "e_steps": 90}, {"largest_step": 2.5, "e_steps": 90}],
    "not_identified": [{"smallest_eigenvalue": 0.0}],
    "disconnected": [{"parts": 2, "items": [3, 4]}],
    "weak_link": [{"items": [3, 4]}],
    "no_answers": [{"n": 0}],
    "one_category": [
        {"n": 9, "category": 1, "b_bound": -1.5},
        {"n": 9, "category": 0, "b_bound": float("nan")},
    ],
    "empty_category": [{"empty": [1, 2], "counts": [5, 0, 0, 5]}],
    "rare_category": [{"category": 2, "times": 3, "n": 400}],
    "few_answers": [{"n": 12, "enough": 250}, {"n": 112, "enough": 250}],
    "negative_slope": [{"a": -0.71, "standard_error": 0.1, "concept": 0}, {"a": 0.1}],
    "steep": [{"a": 5.5, "standard_error": 3.0, "concept": 0}],
    "uncertain_slope": [{"a": 0.71, "standard_error": float("nan"), "concept": 0}],
    "duplicate": [{"other": "q7", "q3": 0.61, "median_q3": 0.0}],
    "prior_dominates": [{"share": 0.9, "parameter": "lower"}, {"share": 0.9, "parameter": "upper"}],
    "asymptote_at_end": [{"logit": -8.0}],
    "high_guessing": [{"lower": 0.45}],
    "grid": [{"nodes": 121, "limit": 7.5}],
    "population_without_spread": [{"group": "b", "concept": 0, "mean": 0.5, "sd": 0.06, "persons": 30}],
    "population_at_end": [{"group": "b", "concept": 0, "mean": -8.9, "sd": 0.06, "persons": 30}],
    "small_group": [{"group": "b", "persons": 3}],
    "population_shape": [{"group": "b", "concept": 0, "skewness": 0.7, "kurtosis": 0.1}],
    "extreme_scores": [{"observed": 40.0, "expected": 12.0, "z": 4.0}],
    "no_common_trait": [{"gain": 3.0, "slopes": 5}],
    "small_sample": [{"persons": 50, "items": 3}],
    "persons_without_answers": [{"persons": 5}],
    "concepts_alike": [{"concepts": (0, 1), "correlation": 0.97}],
    "few_items_a_concept": [{"concept": 1, "items": 2}],
}


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_its_words_and_numbers_in_both_languages(code: str) -> None:
    for numbers in NUMBERS[code]:
        found = Finding(code, "q3", "warning", numbers)
        kept = json.loads(json.dumps({"code": code, "item": "q3", "numbers": numbers}).replace("NaN", "null"))
        english = translated(said_by(kept, ()))
        assert english == found.sentence.replace("nan", "unknown")
        with translation.override("de"):
            german = translated(said_by(kept, ("Geometrie", "Zahlen")))
            assert finding_in_words(code) not in (code, CODES[code])
        assert german != english
        for value in numbers.values():
            if isinstance(value, int) and str(value) in english and "concept" not in numbers:
                assert str(value) in german
        if "concept" in code:
            assert "Zahlen" in german


def test_findings_of_one_kind_stand_together_and_old_ones_as_they_were_kept() -> None:
    few = [
        {"code": "few_answers", "item": f"q{n}", "severity": "info", "numbers": {"n": 40 + n, "enough": 250}}
        for n in range(3)
    ]
    old = {
        "code": "steep",
        "item": "q9",
        "severity": "warning",
        "numbers": {},
        "sentence": "Item q9: {steep}.",
    }
    with translation.override("de"):
        first, second = findings_in_words([old, *few], ())
    assert (first.severity, first.sentences) == ("warning", ("Item q9: {steep}.",))
    assert first.words == "Sie ist steiler, als diese Daten erkennen lassen."
    assert [line.split(":")[0] for line in second.sentences] == [
        f"Item q{n} hat {40 + n} Antworten; sein Modell braucht 250" for n in range(3)
    ]


def test_what_falls_short_is_said_with_its_numbers_also_when_it_was_kept() -> None:
    asked = Requirements(0.9, 0.3, 0.3, 0.2, 10.0, rules=CatRules().to_json())
    found = {
        "coverage": [0.8, None],
        "mean_standard_error": [0.41, 0.2],
        "rmse": [0.2, 0.45],
        "largest_exposure": 0.5,
        "mean_length": 12.0,
    }
    told = shortfalls(found, asked, ("algebra", "geometry"))
    assert told[0] == (
        "Intervals of 95 % hold the truth in 0.8 of the tests in algebra; at least 0.9 is required."
    )
    kept = [from_plain(json.loads(json.dumps(to_plain(sentence)))) for sentence in told]
    with translation.override("de"):
        german = [translated(sentence) for sentence in kept]
    assert german[0] == "Intervalle von 95 % enthalten die Wahrheit in algebra in 0.8 der Tests; " \
        "verlangt ist mindestens 0.9."  # fmt: skip
    assert "unbekannt" in german[2]
    assert len(german) == 6
    assert not set(german) & set(told)
