"""A pool's page *Simulate*: designs and students in, pictures and tables of what tests would measure out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.calibration_words import error_in_words, state_in_words
from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.downloads import numbers_of
from desk.requirement_forms import RequirementsForm, initial_of
from desk.rights import MAKE_POOLS
from desk.sentences import translated
from desk.simulation_forms import SimulationForm, field_of
from desk.simulation_words import (
    picture_words,
    recorded_persons_in_words,
    rows_of_means,
    stops_in_words,
)
from desk.views.pools import pool_or_404, published_or_404, show_pool
from sessions_app.measurement import gate
from sessions_app.measurement.sending import send_simulation
from sessions_app.measurement.simulations import queue
from sessions_app.measurement.simulations.refused import SimulationRefused
from sessions_app.refusals import SimulationNotFound, SimulationNotOpen, SimulationRuns
from testing_engine import pools
from testing_engine.authoring.shelf import PoolCard
from testing_engine.pictures.picture import Picture
from testing_engine.pictures.simulations import simulation_pictures

LISTED = 50
REQUIRED_ID = "required_%s"  # two forms are on the page


@require_form
@desk_view(MAKE_POOLS)
def simulate(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What there is, and the form; by POST a new simulation."""
    pool = pool_or_404(pool_id)
    form = SimulationForm(request.POST or None)
    if request.method == "POST" and pool.questions and form.is_valid():
        try:
            found = queue.ask(pools.read_pool(pool_id), form.asked(), request.user.pk, send=send_simulation)
            return go_to(request, _address(pool_id, found.pk))
        except SimulationRefused as refused:
            for pointer, message in refused.problems:
                form.add_error(field_of(pointer), translated(message))
        except SimulationRuns as running:
            return go_to(request, _address(pool_id, running.simulation_id))
    required = RequirementsForm(auto_id=REQUIRED_ID, initial=initial_of(gate.requirements_of(pool_id)))
    return _page(request, pool, form, required)


@form_of("simulate")
@desk_view(MAKE_POOLS)
def requirements(request: DeskRequest, pool_id: UUID) -> HttpResponse:
    """What must hold before a calibration is published or a test opened."""
    pool = pool_or_404(pool_id)
    form = RequirementsForm(request.POST, auto_id=REQUIRED_ID)
    if not pool.questions or not form.is_valid():
        return _page(request, pool, SimulationForm(), form)
    asked = gate.require(pools.read_pool(pool_id), form.content(), request.user.pk)
    said = _("From now on this must hold.") if asked else _("From now on nothing is required.")
    messages.success(request, said)
    return go_to(request, reverse("desk:simulate", args=[pool_id]))


def _page(
    request: DeskRequest, pool: PoolCard, form: SimulationForm, required: RequirementsForm
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "required": required}
    if pool.questions:
        found = pools.read_pool(pool.id)
        listed = queue.of_pool(found)[:LISTED]
        context["simulations"] = [(each, state_in_words(each.state)) for each in listed]
        context["checks"] = [
            (check, [translated(each) for each in gate.shortfalls_of(check)])
            for check in gate.checks_of(found)[:LISTED]
        ]
    return show_pool(request, pool, "simulate", "pool_simulate", context)


@require_safe
@desk_view(MAKE_POOLS)
def simulation(request: DeskRequest, pool_id: UUID, simulation_id: UUID) -> HttpResponse:
    """Its progress, or its report; `?data=NAME`: the numbers of a picture as CSV."""
    pool = pool_or_404(pool_id)
    found = _found(pool_id, simulation_id)
    context: dict[str, Any] = {
        "simulation": found,
        "percent": round(100 * found.progress),
        "state": state_in_words(found.state),
        "error": error_in_words(found.error),
    }
    is_part = wants_part(request)
    if found.result is None:
        if is_part:
            return show(request, "parts/simulation_progress", {**context, "pool": pool})
        return show_pool(request, pool, "simulate", "pool_simulation", context)
    if is_part:  # it was running, and is done
        return go_to(request, request.path)
    pictures = _pictures(found)
    if "data" in request.GET:
        return numbers_of(pictures, request.GET["data"])
    names = picture_words(found.request).designs
    context |= {
        "result": found.result,
        "names": names,
        "pictures": pictures,
        "whom": recorded_persons_in_words(found.request),
        "means": rows_of_means(found.result),
        "stops": [
            (name, stops_in_words(each["stops"]))
            for name, each in zip(names, found.result["designs"], strict=True)
        ],
        "levels": _levels(found.result, names),
    }
    return show_pool(request, pool, "simulate", "pool_simulation", context)


@form_of("simulation")
@desk_view(MAKE_POOLS)
def cancel(request: DeskRequest, pool_id: UUID, simulation_id: UUID) -> HttpResponse:
    """As soon as its workers look."""
    try:
        queue.cancel(_found(pool_id, simulation_id), timezone.now())
        messages.success(request, _("It ends as soon as its worker looks."))
    except SimulationNotOpen:
        messages.warning(request, _("It was over already."))
    return go_to(request, _address(pool_id, simulation_id))


def _address(pool_id: UUID, simulation_id: UUID) -> str:
    return reverse("desk:simulation", args=[pool_id, simulation_id])


def _found(pool_id: UUID, simulation_id: UUID) -> Any:
    try:
        return queue.find(published_or_404(pool_id), str(simulation_id))
    except SimulationNotFound as unknown:
        raise Http404 from unknown


def _pictures(found: Any) -> list[Picture]:
    result = found.result
    return simulation_pictures(
        result["designs"], result["concepts"], result["items"], picture_words(found.request)
    )


def _levels(result: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A table each for a design and concept: true levels down, told ones across."""
    return [
        {**levels, "design": name if len(names) > 1 else "", "concept": concept}
        for name, design in zip(names, result["designs"], strict=True)
        for concept, levels in zip(result["concepts"], design["levels"], strict=False)
    ]
