"""What several examples show: one student, her session, its first question."""

SESSION_ID = "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01"
POOL_ID = "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11"
ABILITY = {"theta": [0.0, 0.41], "standard_error": [1.0, 0.86]}
FINAL_ABILITY = {"theta": [0.616, 0.399], "standard_error": [0.29, 0.28]}
OVERALL = {"theta": 0.5075, "standard_error": 0.21}
OPTIONS = ["x = 4/3", "x = 6", "x = −6", "x = 18"]
QUESTION = {
    "id": "alg-017",
    "content": "Solve 3x − 7 = 11.",
    "options": OPTIONS,
    "concepts": [0, 1],
    "interactions": [
        {
            "type": "choice",
            "choices": [
                {"id": letter, "content": text, "fixed": False}
                for letter, text in zip("ABCD", OPTIONS, strict=True)
            ],
            "min_choices": 0,
            "max_choices": 1,
            "shuffle": False,
            "response": "RESPONSE",
            "prompt": "",
        }
    ],
    "passage": "",
}
TEST = {
    "name": "algebra-autumn",
    "title": "Algebra, autumn term",
    "introduction": "Take your time. You cannot go back.",
    "closing": "Thank you.",
    "time_limit_minutes": 45,
    "show_theta": False,
    "allow_dont_know": True,
    "result_kind": "levels",
    "is_result_for_student": True,
    "result_released_at": None,
}
ORGANISATION = {
    "name": "Lovelace School",
    "logo": f"/images/{'5b' * 32}.png",
    "colour": "#2f6fed",
    "style": "/take/brand/2f6fed.css",
    "language": "",
}
STATUS = {
    "session_id": SESSION_ID,
    "status": "active",
    "current_proficiency": [0.5, 0.659],
    "ability": ABILITY,
    "scored_with": "answers_only",
    "concept_names": ["Math", "Algebra"],
    "questions_answered": 1,
    "max_questions": 20,
    "is_length_fixed": False,
    "is_active": True,
    "next_question": QUESTION,
    "started_at": "2026-11-22T10:00:00Z",
    "completed_at": None,
    "deadline": "2026-11-22T10:45:00Z",
    "pauses": {"times": 2, "minutes": 10, "times_left": 1, "seconds_left": 431},
    "paused": None,
    "waits_to_begin": False,
    "test": TEST,
}
REPORT = {
    "kind": "levels",
    "reporting_scale": None,
    "headline": "Secure (probability 99 %)",
    "lines": [
        "This is the mean of 2 subjects.",
        "Secure: solid; most of it is there.",
        "It rests on the answers of this test alone.",
    ],
    "stands_out": ["The test saw no clear difference between the subjects."],
    "estimate": "Ability θ = 0.508, standard error 0.20",
    "whole": {
        "theta": 0.5075,
        "standard_error": 0.2016,
        "level": 2,
        "probability": 0.986812,
        "score": None,
        "score_error": None,
        "score_95": None,
        "proficiency": 0.694,
        "proficiency_95": [0.545, 0.817],
    },
    "concepts": [
        {
            "theta": 0.616,
            "standard_error": 0.29,
            "level": 2,
            "probability": 0.890537,
            "score": None,
            "score_error": None,
            "score_95": None,
            "proficiency": 0.731,
            "proficiency_95": [0.52, 0.88],
            "name": "Math",
            "headline": "Secure (probability 89 %)",
            "lines": ["Very likely between Secure and Advanced."],
            "estimate": "Ability θ = 0.616, standard error 0.29",
            "stands_out": 0,
        },
    ],
    "levels": [
        {
            "name": "Beginning",
            "meaning": "at the start; the basics need work",
            "score_from": None,
            "proficiency_from": None,
        },
        {
            "name": "Developing",
            "meaning": "on the way; a part is there",
            "score_from": None,
            "proficiency_from": 0.158655,
        },
        {
            "name": "Secure",
            "meaning": "solid; most of it is there",
            "score_from": None,
            "proficiency_from": 0.5,
        },
        {
            "name": "Advanced",
            "meaning": "far ahead of most",
            "score_from": None,
            "proficiency_from": 0.841345,
        },
    ],
}
