"""What requests about simulations may hold."""

from typing import Any

from rest_framework import serializers

from sessions_app.api.errors import InvalidBody
from sessions_app.api.serializers import Body, StrictBody, Text
from sessions_app.measurement.simulations.asking import (
    FARTHEST,
    LARGEST_SEED,
    LONGEST_NAME,
    MOST_CUTS,
    MOST_DESIGNS,
    MOST_STUDENTS,
    NORMAL,
    POPULATIONS,
    Asked,
    Design,
    Population,
)
from sessions_app.measurement.simulations.recorded import Recorded
from sessions_app.measurement.simulations.tables import ALONG, TABLES
from testing_engine.psychometrics.rules import CatRules, RulesError
from testing_engine.simulation.recorded import LEFT_OUT, MISSING


class DesignRequest(StrictBody):
    name = Text(max_length=LONGEST_NAME, default="", allow_blank=True, help_text="What you call it.")
    rules = serializers.DictField(help_text="As a test has them; their schema: /api/v1/rules/schema.")


class Numbers(serializers.ListField):
    """One for each concept, or one for all."""

    def __init__(self, least: float, **options: Any) -> None:
        child = serializers.FloatField(min_value=least, max_value=FARTHEST)
        super().__init__(child=child, max_length=10, **options)


class PopulationRequest(StrictBody):
    kind = serializers.ChoiceField(
        choices=list(POPULATIONS),
        default=NORMAL,
        help_text="own: the pool's students, drawn from their newest results with their standard errors; "
        "recorded: persons who answered the pool already, by what they answered.",
    )
    mean = Numbers(-FARTHEST, default=list, help_text="One for each concept, or one for all; left out: 0.")
    sd = Numbers(0.0, default=list, help_text="Likewise; left out: 1.")
    correlation = serializers.FloatField(
        required=False, min_value=-1, max_value=1, help_text="Of any two concepts; left out: the scale's."
    )
    imports = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=1000,
        help_text="Of recorded ones: whose answers; left out: all imports.",
    )
    delivered = serializers.BooleanField(
        default=True, help_text="Of recorded ones: whether delivered tests count that are over."
    )
    since = serializers.DateTimeField(required=False, help_text="Delivered tests that ended from then on.")
    least_answered = serializers.FloatField(
        default=Recorded.least_answered,
        min_value=0,
        max_value=1,
        help_text="Of recorded ones: the share of the questions with parameters that a person has answered.",
    )
    missing = serializers.ChoiceField(
        choices=list(MISSING),
        default=LEFT_OUT,
        help_text="What was not answered is not asked (left_out), or answered by the model (drawn).",
    )


class SimulationRequest(StrictBody):
    designs = serializers.ListField(
        child=DesignRequest(),
        required=False,
        max_length=MOST_DESIGNS,
        help_text="One, or two to compare on the same students; left out: the rules of a test without any.",
    )
    students = serializers.IntegerField(
        default=1000, min_value=1, max_value=MOST_STUDENTS, help_text="Of recorded ones: at most so many."
    )
    population = PopulationRequest(required=False)
    cuts = serializers.ListField(
        child=serializers.FloatField(min_value=-FARTHEST, max_value=FARTHEST),
        required=False,
        max_length=MOST_CUTS,
        help_text="Between levels, on θ; left out: those that the first design stops by.",
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_SEED)


class SimulationFormat(Body):
    format = serializers.ChoiceField(choices=["csv", "json"], default="json")
    table = serializers.ChoiceField(choices=list(TABLES), default=ALONG)


def asked_in(fields: dict[str, Any]) -> Asked:
    """The request in the domain's terms; raises `InvalidBody` for rules that nobody understands."""
    problems: list[tuple[str, str]] = []
    designs = []
    for place, each in enumerate(fields.get("designs") or ()):
        try:
            designs.append(Design(CatRules.from_json(each["rules"]), each["name"]))
        except RulesError as error:
            problems += [(f"/designs/{place}/rules{at}", message) for at, message in error.problems]
    if problems:
        raise InvalidBody(problems, code="rules_refused")
    usual = Asked()
    return Asked(
        designs=tuple(designs) if "designs" in fields else usual.designs,
        students=fields["students"],
        population=_population(fields["population"]) if "population" in fields else usual.population,
        cuts=tuple(fields["cuts"]) if "cuts" in fields else None,
        seed=fields["seed"],
    )


def _population(fields: dict[str, Any]) -> Population:
    imports = fields.get("imports")
    recorded = Recorded(
        None if imports is None else tuple(imports),
        fields["delivered"],
        fields.get("since"),
        fields["least_answered"],
        fields["missing"],
    )
    return Population(
        fields["kind"], tuple(fields["mean"]), tuple(fields["sd"]), fields.get("correlation"), recorded
    )
