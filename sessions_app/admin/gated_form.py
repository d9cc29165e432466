"""The part of a named test's form that asks what its pool requires."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from sessions_app.measurement import gate
from sessions_app.measurement.looks import LookFirst
from sessions_app.models import NamedTest
from sessions_app.refusals import GateRefused
from sessions_app.sitting import named_tests
from sessions_app.waiting import queue
from testing_engine.approval import LONGEST_REASON, in_the_name_of
from testing_engine.revisions import load_revision


class Gated(forms.ModelForm[NamedTest]):
    """What falls short stands at the field that takes a reason."""

    verdict: gate.Verdict | None = None
    override_reason = forms.CharField(
        label="Reason to open it all the same",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Only where the pool's requirements are not met. It is kept, with your name.",
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
    )

    def check_gate(self, cleaned: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
        """Where the pool, its rules or its beginning are new: of what else there is it says nothing."""
        pool, varied = cleaned["pool"], cleaned["vary_first_questions"]
        before = NamedTest.objects.filter(pk=self.instance.pk).first()
        if before and (before.pool_id, before.rules, before.vary_first_questions) == (pool.pk, rules, varied):
            return
        draft = NamedTest(rules=rules, vary_first_questions=varied)
        own = named_tests.rules_of(draft, load_revision(pool.current_revision_id).bank)
        try:
            with in_the_name_of(None, waits=True):
                self.verdict = gate.of_test(pool, own)
            gate.hold(self.verdict, cleaned["override_reason"])
        except LookFirst as first:
            queue.ask_to_look(first, None)
            told = "A worker looks first at what the pool requires. Save again in some seconds."
            self.add_error("override_reason", told)
        except GateRefused as refused:
            for sentence in refused.shortfalls:
                self.add_error("override_reason", sentence)

    def record_gate(self, test: NamedTest, by_id: int | None) -> None:
        """What was let through, once the test is saved."""
        reason = self.cleaned_data["override_reason"]
        gate.record(test.pool, self.verdict, by_id, reason, test_name=test.name)
