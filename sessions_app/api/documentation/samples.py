"""What several examples show: one student, her session, its first question."""

SESSION_ID = "4f8d0c0e-7c1b-4b9e-8a57-5b5c1a3a2c01"
POOL_ID = "0b9f4c5e-2f5a-4d3b-9d53-0d6c5d2f9a11"
ABILITY = {"theta": [0.0, 0.41], "standard_error": [1.0, 0.86]}
FINAL_ABILITY = {"theta": [0.616, 0.399], "standard_error": [0.29, 0.28]}
OPTIONS = ["x = 4/3", "x = 6", "x = −6", "x = 18"]
QUESTION = {
    "id": "alg-017",
    "content": "Solve 3x − 7 = 11.",
    "options": OPTIONS,
    "concepts": [0, 1],
}
TEST = {
    "name": "algebra-autumn",
    "title": "Algebra, autumn term",
    "introduction": "Take your time. You cannot go back.",
    "closing": "Thank you.",
    "show_theta": False,
    "allow_dont_know": True,
}
STATUS = {
    "session_id": SESSION_ID,
    "status": "active",
    "current_proficiency": [0.5, 0.659],
    "ability": ABILITY,
    "concept_names": ["Math", "Algebra"],
    "questions_answered": 1,
    "max_questions": 20,
    "is_active": True,
    "next_question": QUESTION,
    "started_at": "2026-11-22T10:00:00Z",
    "completed_at": None,
    "deadline": "2026-11-22T10:45:00Z",
    "test": TEST,
}
