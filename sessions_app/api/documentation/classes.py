"""For whoever brings classes and gives them tests."""

from sessions_app import replies
from sessions_app.api.class_requests import (
    ClassChange,
    ClassFilter,
    ClassRequest,
    ClassStudents,
    ClassTestRequest,
    RosterTable,
    SchoolRoster,
    StudentsOut,
    Teachers,
)
from sessions_app.api.documentation import samples
from sessions_app.api.documentation.endpoint import Endpoint, asked, replied
from sessions_app.api.documentation.parameters import ACCEPT_LANGUAGE, IDEMPOTENCY_KEY
from sessions_app.api.serializers import Body

TAG = "Classes"
_TEACHER = {"username": "meyer", "name": "Eva Meyer"}
_CLASS = {
    "class_id": "0f6a3c1e-2b7d-4c58-9e1a-5d3f8a7b6c42",
    "name": "9b",
    "term": "2026/27",
    "teachers": [_TEACHER],
    "students": 28,
    "tests": 1,
    "source_id": None,
    "archived_at": None,
    "created_at": "2026-11-26T09:00:00Z",
}
_TEST = {
    "test": "algebra-autumn",
    "title": "Algebra, autumn term",
    "code": "K7M-Q3X",
    "names_may_be_chosen": False,
    "begun": 12,
    "opens_at": None,
    "closes_at": "2026-12-18T16:00:00Z",
    "created_at": "2026-11-26T09:00:00Z",
}
_REPORT = {
    "dry_run": True,
    "counts": {"new": 1, "stays": 27},
    "changes": [{"line": 28, "file": "", "id": "s-4711", "name": "Ada", "fate": "new", "details": []}],
}
_NOTHING = asked("Nothing to say", {})
_REFUSED = "What is wrong is a 400, all of it, and nothing was changed."

LIST = Endpoint(
    "list_classes",
    TAG,
    "Classes in use, the newest term first",
    description="All of the organisation with *classes*; with *teach*, those that it made or teaches.",
    parameters=(ClassFilter,),
    reply=replies.ClassReply,
    problems=("404",),
    examples=(replied("One", _CLASS),),
)

MAKE = Endpoint(
    "make_class",
    TAG,
    "Make a class",
    description=(
        "With an `Idempotency-Key` the same request again is the same class. A client that does not see all "
        "classes teaches those that it makes."
    ),
    request=ClassRequest,
    reply=replies.ClassReply,
    parameters=(IDEMPOTENCY_KEY,),
    problems=("409",),
    examples=(
        asked("A class", {"name": "9b", "term": "2026/27"}),
        replied("Empty as yet", {**_CLASS, "teachers": [], "students": 0, "tests": 0}),
    ),
)

READ = Endpoint(
    "read_class",
    TAG,
    "A class",
    reply=replies.ClassReply,
    problems=("404",),
    examples=(replied("One", _CLASS),),
)

CHANGE = Endpoint(
    "change_class",
    TAG,
    "Rename a class",
    description="What is left out stays. Safe to repeat.",
    request=ClassChange,
    reply=replies.ClassReply,
    problems=("404",),
    examples=(asked("Next year", {"name": "10b", "term": "2027/28"}), replied("Renamed", _CLASS)),
)

ARCHIVE = Endpoint(
    "archive_class",
    TAG,
    "Out of the list; its codes open nothing meanwhile",
    description="Nothing is deleted. Safe to repeat.",
    request=Body,
    reply=replies.ClassReply,
    problems=("404",),
    examples=(_NOTHING, replied("In the archive", {**_CLASS, "archived_at": "2027-07-30T09:00:00Z"})),
)

RESTORE = Endpoint(
    "restore_class",
    TAG,
    "Back from the archive, as it was",
    request=Body,
    reply=replies.ClassReply,
    problems=("404",),
    examples=(_NOTHING, replied("As before", _CLASS)),
)

ADD_TEACHERS = Endpoint(
    "add_class_teachers",
    TAG,
    "Let people teach a class, all of the list or none",
    description=f"By the names with which they log in. Safe to repeat. {_REFUSED}",
    request=Teachers,
    reply=replies.ClassTeachers,
    problems=("404",),
    examples=(asked("One", {"usernames": ["meyer"]}), replied("Who teaches it", {"teachers": [_TEACHER]})),
)

REMOVE_TEACHERS = Endpoint(
    "remove_class_teachers",
    TAG,
    "Let people teach a class no more",
    description="Safe to repeat.",
    request=Teachers,
    reply=replies.ClassTeachers,
    problems=("404",),
    examples=(asked("One", {"usernames": ["meyer"]}), replied("Nobody is left", {"teachers": []})),
)

LIST_STUDENTS = Endpoint(
    "list_class_students",
    TAG,
    "Who is in a class, by name",
    reply=replies.ClassStudentReply,
    problems=("404",),
    examples=(
        replied(
            "One",
            {
                "student_id": "s-4711",
                "name": "Ada",
                "email": "",
                "grade": "9",
                "extra_time": 25,
                "note": "",
            },
        ),
    ),
)

BRING_STUDENTS = Endpoint(
    "bring_class_students",
    TAG,
    "Bring students into a class, all of the list or none",
    description=(
        "Students that there are not are made; what is said of one is kept, and what is left out stays. "
        "Who joins is invited to what the class was given. With `whole`, who is not in the list leaves it. "
        f"Safe to repeat; `dry_run` tells what would change. {_REFUSED}"
    ),
    request=ClassStudents,
    reply=replies.RosterReply,
    problems=("404",),
    examples=(
        asked(
            "Two", {"students": [{"student_id": "s-4711", "name": "Ada", "extra_time": 25}, {"name": "Bo"}]}
        ),
        replied("One is new", _REPORT),
    ),
)

TAKE_STUDENTS_OUT = Endpoint(
    "take_students_out",
    TAG,
    "Take students out of a class",
    description=(
        "Their results stay. What the class was given and they have not begun, they cannot begin any more. "
        "Safe to repeat: who is not in the class is passed over."
    ),
    request=StudentsOut,
    reply=replies.ChangedStudents,
    problems=("404",),
    examples=(asked("One", {"student_ids": ["s-4711"]}), replied("Done", {"changed": 1})),
)

BRING_ROSTER = Endpoint(
    "bring_class_roster",
    TAG,
    "The same from a table: CSV or XLSX",
    description=(
        "A header names the columns, in English or German: `student_id`, `name` or `first_name` and "
        "`last_name`, `email`, `grade`, `extra_time`, `note`. An empty cell changes nothing. Safe to repeat. "
        f"{_REFUSED}"
    ),
    request=RosterTable,
    reply=replies.RosterReply,
    problems=("404",),
    examples=(
        asked("A file", {"file": "9b.csv", "whole": True, "dry_run": True}, "multipart/form-data"),
        asked("As text", {"table": "student_id,name\ns-4711,Ada\n", "whole": True, "dry_run": True}),
        replied("One is new", _REPORT),
    ),
)

BRING_SCHOOL = Endpoint(
    "bring_school_roster",
    TAG,
    "Bring the roster of a whole school: OneRoster 1.1 or 1.2 as CSV",
    description=(
        "Classes, students and who teaches and learns where, of the client's organisation, in one "
        "transaction. What people made here stays. Teachers' accounts are found, never made. "
        f"Safe to repeat; look first with `dry_run`. {_REFUSED}"
    ),
    request=SchoolRoster,
    reply=replies.RosterReply,
    examples=(
        asked("Look first", {"file": "roster.zip", "dry_run": True}, "multipart/form-data"),
        replied("What would change", _REPORT),
    ),
)

LIST_TESTS = Endpoint(
    "list_class_tests",
    TAG,
    "What a class was given, the newest first",
    reply=replies.ClassTestReply,
    problems=("404",),
    examples=(replied("One", _TEST),),
)

READ_TEST = Endpoint(
    "read_class_test",
    TAG,
    "A test that a class was given, with its code",
    reply=replies.ClassTestReply,
    problems=("404",),
    examples=(replied("With its code", _TEST),),
)

GIVE_TEST = Endpoint(
    "give_class_test",
    TAG,
    "Give a test to a class: everybody in it is invited, and whoever joins it later",
    description="Safe to repeat; given again, it says anew whether names may be chosen.",
    request=ClassTestRequest,
    reply=replies.ClassTestReply,
    problems=("404", "409"),
    examples=(asked("With slips", {}), replied("Given", {**_TEST, "begun": 0})),
)

TAKE_TEST_BACK = Endpoint(
    "take_class_test_back",
    TAG,
    "Take a test back from a class: who has not begun cannot",
    description="Tests that run go on. `changed` counts whose invitations were taken back.",
    reply={(200, "application/json"): replies.ChangedStudents},
    problems=("404",),
    examples=(replied("Sixteen had not begun", {"changed": 16}),),
)

NEW_CODE = Endpoint(
    "renew_class_code",
    TAG,
    "Give a class a new code for a test",
    description="The old one and those on slips open nothing any more; links do. Again, it is another.",
    request=Body,
    reply=replies.ClassTestReply,
    problems=("404",),
    examples=(_NOTHING, replied("Another code", _TEST)),
)

LIST_SLIPS = Endpoint(
    "list_class_slips",
    TAG,
    "What each student of a class is handed: a link and a code of their own",
    reply=replies.SlipReply,
    problems=("404",),
    examples=(
        replied(
            "One",
            {
                "student_id": "s-4711",
                "name": "Ada",
                "link": "https://tests.example.org/take/test#invitation=AAAAAAAAACoAAQ:3mF…",
                "code": "K7M-Q3X-4DJ-9WC",
            },
        ),
    ),
)

RESULTS = Endpoint(
    "class_results",
    TAG,
    "Where each student of a class is in a test, and what came out",
    description=(
        "By name, also who has not begun. As teachers read it: also where students get no result, or not yet."
    ),
    parameters=(ACCEPT_LANGUAGE,),
    reply=replies.StandingReply,
    problems=("404",),
    examples=(
        replied(
            "One who is done",
            {
                "student_id": "s-4711",
                "name": "Ada",
                "state": "completed",
                "session_id": samples.SESSION_ID,
                "questions_answered": 12,
                "started_at": "2026-11-26T10:00:00Z",
                "completed_at": "2026-11-26T10:12:00Z",
                "headline": "Level: secure",
                "lines": ["The result rests on the answers of this test alone."],
            },
        ),
    ),
)
