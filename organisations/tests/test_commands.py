"""Commands that make or find what is unique inside an organisation only are told for which one they run."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command, get_commands, load_command_class

from organisations.acting import acting_for
from organisations.commands import OrganisationCommand
from organisations.models import Organisation
from sessions_app.models import Student
from testing_engine.models import QuestionPool

TAKES = {
    "create_api_token",
    "default_pool",
    "erase_student",
    "export_student",
    "import_legacy",
    "import_pool",
    "load_demo",
    "reporting_scale",
    "upload_pool",
}
BY_KEY = "what it is about has a key that no other organisation's has, and what it makes belongs to that"
ALL = "it is about all that the installation has, and makes nothing of an organisation's"
NEEDS_NOT = {
    "acknowledge_losses": BY_KEY,
    "archive_sessions": ALL,
    "calibrate": BY_KEY,
    "check_counts": ALL,
    "cleanup_sessions": ALL,
    "exposure_rule": BY_KEY,
    "export_parameters": BY_KEY,
    "export_pool": BY_KEY,
    "export_responses": BY_KEY,
    "import_parameters": BY_KEY,
    "import_responses": BY_KEY,
    "pool_requirements": BY_KEY,
    "rapid_thresholds": BY_KEY,
    "replay_session": BY_KEY,
    "revoke_api_token": "names of accounts are one list for the installation",
    "simulate_pool": BY_KEY,
    "simulate_rules": BY_KEY,
    "verify_audit": ALL,
    "watch_pool": BY_KEY,
}


def test_each_command_is_decided_on() -> None:
    ours = {app.name for app in apps.get_app_configs() if Path(app.path).parent == Path.cwd()}
    found = {name: load_command_class(app, name) for name, app in get_commands().items() if app in ours}
    assert {name for name, each in found.items() if isinstance(each, OrganisationCommand)} == TAKES
    assert found.keys() == TAKES | NEEDS_NOT.keys()


@pytest.fixture
def other(db: None) -> Organisation:
    return Organisation.objects.create(slug="other", name="Other")


def test_a_student_of_the_same_id_elsewhere_is_not_erased(other: Organisation) -> None:
    here = Student.objects.create(external_id="4711", organisation_id=1)
    there = Student.objects.create(external_id="4711", organisation=other)
    with pytest.raises(CommandError, match="--organisation with one of default, other"):
        call_command("export_student", "4711")
    with pytest.raises(CommandError, match="no organisation 'third', but default, other"):
        call_command("erase_student", "4711", organisation="third")
    printed = StringIO()
    call_command("export_student", "4711", organisation="other", stdout=printed)
    assert json.loads(printed.getvalue())["student"]["student_id"] == "4711"
    call_command("erase_student", "4711", "--organisation", "other", "--yes", stdout=StringIO())
    here.refresh_from_db()
    there.refresh_from_db()
    assert here.erased_at is None
    assert there.erased_at is not None
    # As after a restored backup: the number in the log says whose it is.
    call_command("erase_student", pk=here.pk, yes=True, stdout=StringIO())
    here.refresh_from_db()
    assert here.erased_at is not None


def test_a_pool_is_published_for_one_and_its_default_is_that_ones(
    other: Organisation, tmp_path: Path
) -> None:
    file = tmp_path / "sums.csv"
    file.write_text("id,content,options,correct_answer,concept:Sums,difficulty\na,1 + 1?,2|3,2,1,0\n")
    with pytest.raises(CommandError, match="--organisation"):
        call_command("upload_pool", str(file))
    for slug in ("default", "other"):
        call_command("upload_pool", str(file), organisation=slug, stdout=StringIO(), stderr=StringIO())
    pools = {pool.organisation_id: pool for pool in QuestionPool.objects.all()}
    assert pools.keys() == {1, other.pk}
    assert all(pool.scale.organisation_id == owner for owner, pool in pools.items())
    call_command("default_pool", str(pools[other.pk].pk), stdout=StringIO())
    with acting_for(1):
        assert not QuestionPool.objects.filter(is_default=True).exists()
    with acting_for(other.pk):
        assert QuestionPool.objects.get(is_default=True) == pools[other.pk]
