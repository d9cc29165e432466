"""Classes: the list, a new one, the page of one with its students and settings."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.class_forms import AddStudentForm, ClassForm, NewClassForm, StudentForm, TeacherForm
from desk.doors import DeskRequest, desk_view, form_of, go_to, require_form, show, wants_part
from desk.downloads import sheet_of
from desk.forms import SearchForm
from desk.navigation import class_tabs
from desk.rights import MANAGE_CLASSES, TEACH
from sessions_app.administration.classes import members, shelf
from sessions_app.administration.classes.members import Member
from sessions_app.administration.classes.shelf import ClassUnknown, NoSuchTeacher, Viewer


def viewer_of(request: DeskRequest) -> Viewer:
    return Viewer(request.user.pk, MANAGE_CLASSES.is_held_by(request.user))


def class_or_404(request: DeskRequest, class_id: UUID) -> Any:
    """The class of the address, if it is hers."""
    try:
        return shelf.class_of(viewer_of(request), class_id)
    except ClassUnknown as unknown:
        raise Http404 from unknown


def show_class(
    request: DeskRequest, school_class: Any, tab: str, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of one class, under its tabs."""
    around = {"class": school_class, "tabs": class_tabs(request, school_class.pk, tab)}
    return show(request, name, {**around, **context}, status)


@require_safe
@desk_view(TEACH)
def class_list(request: DeskRequest) -> HttpResponse:
    """Her classes, with search and archive; by htmx the list alone."""
    form = SearchForm(request.GET)
    search = form.cleaned_data["search"] if form.is_valid() else ""
    archived = "archive" in request.GET
    viewer = viewer_of(request)
    cards, has_more = shelf.find_classes(viewer, search, archived=archived)
    context = {
        "cards": cards,
        "has_more": has_more,
        "search": search,
        "archived": archived,
        "archived_count": 0 if archived else shelf.count_archived(viewer),
    }
    return show(request, "parts/class_cards" if wants_part(request) else "classes", context)


@require_form
@desk_view(TEACH)
def new_class(request: DeskRequest) -> HttpResponse:
    """Name and term; then the class's page, where its students come in."""
    form = NewClassForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        made = shelf.new_class(given["class_id"], given["name"], given["term"], request.user.pk)
        messages.success(request, _("The class is there. Now bring its students."))
        return go_to(request, reverse("desk:class", args=[made.pk]))
    return show(request, "new_class", {"form": form})


@require_safe
@desk_view(TEACH)
def students(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """The students of a class."""
    return _show_students(request, class_or_404(request, class_id))


def _show_students(
    request: DeskRequest, school_class: Any, adding: AddStudentForm | None = None
) -> HttpResponse:
    context = {"students": members.members_of(school_class), "adding": adding or AddStudentForm()}
    return show_class(request, school_class, "students", "class", context)


@form_of("class")
@desk_view(TEACH)
def add_student(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """One student, by name or id."""
    school_class = class_or_404(request, class_id)
    form = AddStudentForm(request.POST)
    if not form.is_valid():
        return _show_students(request, school_class, form)
    kept, is_new = members.add_student(school_class, form.person())
    called = kept.student.name or kept.student.external_id
    said = _("{name} is in the class now.") if is_new else _("{name} was in the class already.")
    messages.success(request, said.format(name=called))
    return go_to(request, reverse("desk:class", args=[class_id]))


@form_of("class")
@desk_view(TEACH)
def remove_students(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """Those that are ticked, out of the class."""
    school_class = class_or_404(request, class_id)
    ticked = [int(each) for each in request.POST.getlist("pk") if each.isdigit()]
    count = members.remove(school_class, ticked, now=timezone.now())
    messages.success(
        request,
        _("Students taken out of the class: {count}. Their results stay; add them again to undo it.").format(
            count=count
        ),
    )
    return go_to(request, reverse("desk:class", args=[class_id]))


@require_safe
@desk_view(TEACH)
def list_file(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """The list, to fill in elsewhere and bring back."""
    school_class = class_or_404(request, class_id)
    header = ["student_id", "name", "email", "grade", "extra_time", "note"]
    rows = (
        (each.student_id, each.name, each.email, each.grade, each.extra_time, each.note)
        for each in members.members_of(school_class)
    )
    return sheet_of("class", header, rows)


@require_form
@desk_view(TEACH)
def student(request: DeskRequest, class_id: UUID, student_pk: int) -> HttpResponse:
    """What is known of a student, and what she gets for fair testing."""
    school_class = class_or_404(request, class_id)
    member = member_or_404(school_class, student_pk)
    initial = {
        "name": member.name,
        "email": member.email,
        "grade": member.grade,
        "extra_time": member.extra_time or "",
        "note": member.note,
    }
    form = StudentForm(request.POST or None, initial=initial)
    if form.is_valid():
        members.change_student(school_class, form.person(member.student_id))
        messages.success(request, _("Saved."))
        return go_to(request, reverse("desk:class", args=[class_id]))
    return show_class(request, school_class, "students", "class_student", {"member": member, "form": form})


def member_or_404(school_class: Any, pk: int) -> Member:
    member = members.member_of(school_class, pk)
    if member is None:
        raise Http404
    return member


@require_form
@desk_view(TEACH)
def class_settings(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """Name, teachers, archive."""
    school_class = class_or_404(request, class_id)
    form = ClassForm(request.POST or None, initial={"name": school_class.name, "term": school_class.term})
    if form.is_valid():
        shelf.rename_class(school_class, form.cleaned_data["name"], form.cleaned_data["term"])
        messages.success(request, _("Saved."))
        return go_to(request, request.path)
    return _show_settings(request, school_class, form=form)


def _show_settings(
    request: DeskRequest, school_class: Any, form: ClassForm | None = None, teacher: TeacherForm | None = None
) -> HttpResponse:
    context = {
        "form": form or ClassForm(initial={"name": school_class.name, "term": school_class.term}),
        "teacher": teacher or TeacherForm(),
        "teachers": shelf.teachers_of(school_class),
    }
    return show_class(request, school_class, "settings", "class_settings", context)


@form_of("class_settings")
@desk_view(TEACH)
def teachers(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """One more, or by `remove` one less: who takes herself out may not see the class any more."""
    school_class = class_or_404(request, class_id)
    settings = reverse("desk:class_settings", args=[class_id])
    if request.POST.get("remove", "").isdigit():
        shelf.remove_teacher(school_class, int(request.POST["remove"]))
        messages.success(request, _("Saved."))
        is_gone = not shelf.seen_by(viewer_of(request)).filter(pk=class_id).exists()
        return go_to(request, reverse("desk:classes") if is_gone else settings)
    form = TeacherForm(request.POST)
    if form.is_valid():
        try:
            shelf.add_teachers(school_class, [form.cleaned_data["username"]])
        except NoSuchTeacher:
            form.add_error("username", _("No account of this name may enter the desk."))
        else:
            messages.success(request, _("Saved."))
            return go_to(request, settings)
    return _show_settings(request, school_class, teacher=form)


@form_of("class_settings")
@desk_view(TEACH)
def archive(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """Out of the list; the page stays, with a button that takes it back."""
    shelf.archive_class(class_or_404(request, class_id), timezone.now())
    messages.success(request, _("The class is in the archive. Nothing is deleted."))
    return go_to(request, reverse("desk:class_settings", args=[class_id]))


@form_of("class_settings")
@desk_view(TEACH)
def restore(request: DeskRequest, class_id: UUID) -> HttpResponse:
    """Out of the archive."""
    shelf.archive_class(class_or_404(request, class_id), None)
    messages.success(request, _("The class is in the list again."))
    return go_to(request, reverse("desk:class_settings", args=[class_id]))
