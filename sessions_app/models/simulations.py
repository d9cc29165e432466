"""Simulations of a pool, and the parts that workers share."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from organisations.owned import OwnedThrough
from sessions_app.models.jobs import Job
from testing_engine.models import PoolRevision, QuestionPool


class Simulation(Job, OwnedThrough):
    """Simulated students take tests on a revision of a pool, under one design or two; or persons whose
    answers were recorded do.

    `request`, `abilities` and `recorded` decide the result to the last bit, however many workers share it. A
    result never changes, by trigger. It runs while its parts do; `measurement.simulations` puts them
    together.
    """

    owner = "pool"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(
        QuestionPool, on_delete=models.PROTECT, related_name="simulations", db_index=False
    )
    revision = models.ForeignKey(PoolRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    request = models.JSONField()
    abilities = models.BinaryField(help_text="True ones, drawn: students × concepts, float64.")
    recorded = models.BinaryField(
        null=True, help_text="Instead: answers of persons, who are not named (`simulation.packing`)."
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    idempotency_key = models.CharField(max_length=200, null=True)

    engine_version = models.CharField(max_length=100, blank=True)
    result = models.JSONField(null=True)
    result_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "simulations"
        ordering = ["-created_at", "id"]
        indexes = [models.Index("pool", F("created_at").desc(), name="simulations_of_a_pool")]
        constraints = [
            models.UniqueConstraint(
                "pool", condition=Q(state__in=["queued", "running"]), name="simulation_one_at_a_time"
            ),
            models.UniqueConstraint(
                "by",
                "idempotency_key",
                condition=Q(idempotency_key__isnull=False),
                name="simulation_asked_once",
            ),
            models.CheckConstraint(condition=Q(progress__range=(0, 1)), name="simulation_progress"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(result__isnull=False), name="simulation_done_has_a_result"
            ),
        ]

    def __str__(self) -> str:
        return f"simulation {str(self.pk)[:8]}"


class SimulationPart(Job, OwnedThrough):
    """Some of a simulation's students under one of its designs: what a worker takes at a time.

    Gone when the simulation is over.
    """

    owner = "simulation"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    simulation = models.ForeignKey(Simulation, on_delete=models.CASCADE, related_name="parts", db_index=False)
    design = models.PositiveSmallIntegerField(help_text="Its place in the request, from 0.")
    first = models.PositiveIntegerField(help_text="The first student, from 0.")
    students = models.PositiveIntegerField()
    taken = models.BinaryField(null=True, help_text="The tests, as `simulation.packing` has them.")

    class Meta:
        db_table = "simulation_parts"
        ordering = ["simulation", "design", "first"]
        constraints = [
            models.UniqueConstraint("simulation", "design", "first", name="simulation_part_once"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(taken__isnull=False), name="simulation_part_done_has_tests"
            ),
        ]

    def __str__(self) -> str:
        return f"design {self.design}, from student {self.first}"
