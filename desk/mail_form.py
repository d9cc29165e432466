"""Links by e-mail: the teacher's own line, and what became of each message, in her words."""

import re

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.step_words import moment
from sessions_app.mailing import outbox
from sessions_app.mailing.sending import LONGEST_LINE, Mailed, Reach
from student_page.languages import languages

ANSWERS = {
    outbox.NO_ADDRESS: gettext_lazy("there is no address any more"),
    outbox.NOT_OPEN: gettext_lazy("the link opens nothing any more"),
    outbox.REFUSED: gettext_lazy("the mail server refuses this address"),
    outbox.NOT_YET: gettext_lazy("the mail server says: later"),
    outbox.UNREACHABLE: gettext_lazy("the mail server cannot be reached"),
    outbox.OURS: gettext_lazy("the mail server refuses this service: tell whoever runs it"),
}


class MailForm(forms.Form):
    """`language`: of the e-mail, not of the page."""

    line = forms.CharField(
        required=False,
        max_length=LONGEST_LINE,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("Your own words"),
        help_text=gettext_lazy("They stand between the invitation and the link. May be left empty."),
    )
    language = forms.ChoiceField(
        choices=list(languages().items()), label=gettext_lazy("Language of the e-mail")
    )

    def clean_line(self) -> str:
        line: str = self.cleaned_data["line"]
        return re.sub(r"[^\S\n]+", " ", line.replace("\r\n", "\n")).strip()


def mail_words(found: Mailed | None) -> str:
    """What became of the message to one student; "" where there is none."""
    if found is None:
        return ""
    word, _space, code = found.answer.partition(" ")
    why = str(ANSWERS.get(word, "")) + (f" ({code})" if code and word in ANSWERS else "")
    if found.reach is Reach.SENT:
        assert found.at is not None
        return _("sent {moment}").format(moment=moment(found.at))
    if found.reach is Reach.FAILED:
        return _("not sent: {why}").format(why=why)
    return _("waiting: {why}").format(why=why) if why else _("waiting")
