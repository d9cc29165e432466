"""Uploading sounds in the admin, and the line that plays one in a question."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget

from organisations.membership import owns_everything
from testing_engine.models import QuestionSound
from testing_engine.sounds import MOST_BYTES, SoundRefused, address_of, store_sound


class SoundForm(forms.ModelForm[QuestionSound]):
    """A file becomes a row whose key is its hash."""

    file = forms.FileField(
        label="sound",
        widget=UnfoldAdminFileFieldWidget(),
        help_text=f"Ogg (Vorbis, Opus), MP3 or M4A, at most {MOST_BYTES // 1024**2} MiB.",
    )

    class Meta:
        model = QuestionSound
        fields: tuple[str, ...] = ()

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        try:
            self.instance = store_sound(file.read(MOST_BYTES + 1))
        except SoundRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        return file


@admin.register(QuestionSound)
class QuestionSoundAdmin(ModelAdmin):  # type: ignore[misc]
    """Sounds are added, and neither changed nor deleted: a running test may play them."""

    form = SoundForm
    actions = None
    list_display = ["preview", "markdown", "length", "created_at"]
    list_display_links = ["length"]
    readonly_fields = ["preview", "markdown", "media_type", "length", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("content")

    def get_fields(self, request: HttpRequest, obj: QuestionSound | None = None) -> list[str]:
        return ["file"] if obj is None else self.readonly_fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are everybody's, under their hash: a list of all is for who owns all."""
        return bool(super().has_view_permission(request, obj)) and owns_everything()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: QuestionSound, form: Any, change: bool) -> None:
        """The form stored it, or found it stored."""

    @admin.display(description="sound")
    def preview(self, sound: QuestionSound) -> str:
        return format_html('<audio src="{}" controls preload="none"></audio>', address_of(sound))

    @admin.display(description="length")
    def length(self, sound: QuestionSound) -> str:
        return f"{sound.milliseconds / 1000:.1f} s"

    @admin.display(description="in a question")
    def markdown(self, sound: QuestionSound) -> str:
        return format_html("<code>![what is heard]({})</code>", address_of(sound))
