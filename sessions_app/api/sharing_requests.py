"""What requests about sharing may hold."""

from rest_framework import serializers

from organisations.sharing import Level
from sessions_app.api.serializers import StrictBody, Text
from sessions_app.models import TestShare
from testing_engine.models import PoolShare

USERNAME = 150  # characters, as in the rows


class SharingChange(StrictBody):
    """What is left out stays."""

    everybody_sees = serializers.BooleanField(required=False)
    made_by = Text(
        max_length=USERNAME,
        required=False,
        help_text="The username of a colleague, whose it is from now on. Whoever had it may still change it.",
    )


class TestShareRequest(StrictBody):
    level = serializers.ChoiceField(
        choices=[level.label for level in TestShare.levels],
        help_text="`see`: look, copy, give to own classes; `change`: all that its maker may, but share it.",
    )


class PoolShareRequest(StrictBody):
    level = serializers.ChoiceField(
        choices=[level.label for level in PoolShare.levels],
        help_text="`see`: make tests of it, read its questions; `keys`: with what is right; `change`: write.",
    )


def level_called(label: str) -> Level:
    return next(level for level in Level if level.label == label)
