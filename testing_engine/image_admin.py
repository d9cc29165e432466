"""Uploading pictures in the admin, and the line that shows one in a question."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget

from organisations.membership import owns_everything
from testing_engine.images import MOST_BYTES, ImageRefused, address_of, store_image
from testing_engine.models import QuestionImage


class ImageForm(forms.ModelForm[QuestionImage]):
    """A file becomes a row whose key is its hash."""

    file = forms.FileField(
        label="picture",
        widget=UnfoldAdminFileFieldWidget(),
        help_text=f"PNG, JPEG, GIF or WebP, at most {MOST_BYTES // 1024**2} MiB.",
    )

    class Meta:
        model = QuestionImage
        fields: tuple[str, ...] = ()

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            self.instance = store_image(file.read(MOST_BYTES + 1))
        except ImageRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return file


@admin.register(QuestionImage)
class QuestionImageAdmin(ModelAdmin):  # type: ignore[misc]
    """Pictures are added, and neither changed nor deleted: a running test may show them."""

    form = ImageForm
    actions = None
    list_display = ["preview", "markdown", "width", "height", "created_at"]
    list_display_links = ["preview"]
    readonly_fields = ["preview", "markdown", "media_type", "width", "height", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def get_fields(self, request: HttpRequest, obj: QuestionImage | None = None) -> list[str]:
        return ["file"] if obj is None else self.readonly_fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are everybody's, under their hash: a list of all is for who owns all."""
        return bool(super().has_view_permission(request, obj)) and owns_everything()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: QuestionImage, form: Any, change: bool) -> None:
        """The form stored it, or found it stored."""

    @admin.display(description="picture")
    def preview(self, image: QuestionImage) -> str:
        return format_html('<img src="{}" alt="" height="48" loading="lazy">', address_of(image))

    @admin.display(description="in a question")
    def markdown(self, image: QuestionImage) -> str:
        return format_html("<code>![what it shows]({})</code>", address_of(image))
