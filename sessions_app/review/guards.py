"""The triggers that refuse changes, keep what was found, count and tell: is each there and unchanged?"""

from collections.abc import Iterator

from django.db import connection

from sessions_app.review.breaks import Break

# Trigger → its table and function. A test compares this with what the migrations make.
TRIGGERS = {
    "archived_sessions_kept": ("archived_sessions", "keep_archived"),
    "archived_sessions_never_emptied": ("archived_sessions", "refuse_change"),
    "archives_never_change": ("archives", "refuse_change"),
    "archives_never_emptied": ("archives", "refuse_change"),
    "calibrations_frozen": ("calibrations", "refuse_change"),
    "calibrations_published_once": ("calibrations", "refuse_change"),
    "cat_sections_never_change": ("cat_sections", "refuse_change"),
    "cat_stages_never_change": ("cat_stages", "refuse_change"),
    "cat_stages_never_emptied": ("cat_stages", "refuse_change"),
    "gate_checks_never_change": ("gate_checks", "refuse_change"),
    "gate_checks_never_emptied": ("gate_checks", "refuse_change"),
    "imported_sittings_never_change": ("imported_sittings", "refuse_change"),
    "imported_sittings_never_emptied": ("imported_sittings", "refuse_change"),
    "loss_acknowledgements_never_change": ("loss_acknowledgements", "refuse_change"),
    "loss_acknowledgements_never_emptied": ("loss_acknowledgements", "refuse_change"),
    "lost_answers_never_change": ("lost_answers", "refuse_change"),
    "lost_answers_never_emptied": ("lost_answers", "refuse_change"),
    "parameter_sources_never_change": ("parameter_sources", "refuse_change"),
    "parameter_sources_never_emptied": ("parameter_sources", "refuse_change"),
    "passages_never_change": ("passages", "refuse_change"),
    "passages_never_emptied": ("passages", "refuse_change"),
    "pool_revisions_are_told": ("pool_revisions", "note_pool_published"),
    "pool_revisions_never_change": ("pool_revisions", "refuse_change"),
    "pool_revisions_never_emptied": ("pool_revisions", "refuse_change"),
    "question_images_never_change": ("question_images", "refuse_change"),
    "question_images_never_emptied": ("question_images", "refuse_change"),
    "question_sounds_never_change": ("question_sounds", "refuse_change"),
    "question_sounds_never_emptied": ("question_sounds", "refuse_change"),
    "pool_watches_are_told": ("pool_watches", "note_pool_alarmed"),
    "pool_watches_kept": ("pool_watches", "refuse_change"),
    "pool_watches_never_change": ("pool_watches", "refuse_change"),
    "pool_watches_never_emptied": ("pool_watches", "refuse_change"),
    "questions_never_change": ("questions", "refuse_change"),
    "questions_never_emptied": ("questions", "refuse_change"),
    "response_imports_never_change": ("response_imports", "refuse_change"),
    "response_imports_never_emptied": ("response_imports", "refuse_change"),
    "result_specifications_never_change": ("result_specifications", "refuse_change"),
    "result_specifications_never_emptied": ("result_specifications", "refuse_change"),
    "revision_questions_are_there": ("revision_questions", "refuse_places_of_nothing"),
    "revision_questions_never_change": ("revision_questions", "refuse_change"),
    "revision_questions_never_emptied": ("revision_questions", "refuse_change"),
    "session_events_are_graded": ("session_events", "note_lti_score"),
    "session_events_are_told": ("session_events", "note_test_event"),
    "session_events_leave_for_archives": ("session_events", "refuse_all_but_archiving"),
    "session_events_never_change": ("session_events", "refuse_all_but_erasure"),
    "session_events_never_emptied": ("session_events", "refuse_change"),
    "simulations_frozen": ("simulations", "refuse_change"),
    "student_proficiencies_counted_when_gone": ("student_proficiencies", "let_ability_be_counted"),
    "student_proficiencies_counted_when_moved": ("student_proficiencies", "let_ability_be_counted"),
    "student_proficiencies_counted_when_stored": ("student_proficiencies", "let_ability_be_counted"),
    "students_stay_in_their_organisation": ("students", "refuse_change"),
    "students_stay_erased": ("students", "refuse_change"),
    "test_plans_never_change": ("test_plans", "refuse_change"),
    "test_plans_never_emptied": ("test_plans", "refuse_change"),
    "test_responses_leave_for_archives": ("test_responses", "refuse_all_but_archiving"),
    "test_responses_never_change": ("test_responses", "refuse_all_but_erasure"),
    "test_responses_never_emptied": ("test_responses", "refuse_change"),
    "test_sessions_counted_when_over": ("test_sessions", "let_session_be_counted"),
    "test_sessions_counted_when_stored": ("test_sessions", "let_session_be_counted"),
    "test_sessions_facts": ("test_sessions", "refuse_change"),
    "test_sessions_final": ("test_sessions", "refuse_all_but_erasure"),
    "test_sessions_keep_proficiencies": ("test_sessions", "keep_proficiencies"),
    "test_sessions_manner": ("test_sessions", "refuse_change"),
    "test_sessions_never_deleted": ("test_sessions", "refuse_change"),
    "test_sessions_stay_in_their_organisation": ("test_sessions", "refuse_change"),
    "test_sessions_none_begins_for_the_erased": ("test_sessions", "refuse_test_of_erased_student"),
    "test_sessions_none_goes_on_for_the_erased": ("test_sessions", "refuse_test_of_erased_student"),
}
# Function → MD5 of its source, as PostgreSQL keeps it.
FUNCTIONS = {
    "keep_archived": "48cf0540a0456bf1bc520a79be827fae",
    "keep_proficiencies": "d64a6408811847d677ff7bf18c3d6319",
    "let_ability_be_counted": "18076b54eac88dce6459349725efaf90",
    "let_session_be_counted": "0a1ff0f3fb1da80463b36e68ea914278",
    "note_lti_score": "554d71e662ac6d4ebb50dcaca7f69392",
    "note_pool_alarmed": "daf5b7f98419fbd0abe2d2d7efeba569",
    "note_pool_published": "3da3d2de246b0e5d29298be8990db766",
    "note_test_event": "224ce650788b6f9d00b0396e80c25350",
    "refuse_all_but_archiving": "bae2186e9417c41089d9863152984966",
    "refuse_all_but_erasure": "8aa31eaf3b698831e43411f4f6f91e2d",
    "refuse_change": "1e136ea04571cb4b7696bed4233b26ce",
    "refuse_places_of_nothing": "600d77adda7b35abe3e518ad7c760428",
    "refuse_test_of_erased_student": "63b70c60ef54869693d0f66b16265ffb",
}
_FOUND = """
SELECT t.tgname, r.relname, p.proname, t.tgenabled, md5(p.prosrc)
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND r.relnamespace = current_schema()::regnamespace
"""
ALWAYS_ON = ("O", "A")  # for every session but a replica's, and for that, too


def changed_guards() -> Iterator[Break]:
    """Every guard that is missing, off, or another than the migrations made."""
    with connection.cursor() as cursor:
        cursor.execute(_FOUND)
        found = {
            name: (table, function, on, source) for name, table, function, on, source in cursor.fetchall()
        }
    for name, (table, function) in TRIGGERS.items():
        where = f"trigger {name}"
        if name not in found:
            yield Break(where, f"is missing from {table}")
            continue
        its_table, its_function, is_on, source = found[name]
        if is_on not in ALWAYS_ON:
            yield Break(where, f"is switched off on {table}")
        if (its_table, its_function) != (table, function):
            yield Break(where, f"stands on {its_table} and calls {its_function}, not {table} and {function}")
        elif source != FUNCTIONS[function]:
            yield Break(where, f"calls {function}, which was changed")
