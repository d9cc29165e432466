"""Programs that call the API."""

from typing import ClassVar

from django.contrib.auth.models import User, UserManager
from django.db import models


class ApiClients(UserManager["ApiClient"]):
    """Only programs: whoever may enter the admin is a person."""

    def get_queryset(self) -> models.QuerySet["ApiClient"]:
        return super().get_queryset().filter(is_staff=False, is_superuser=False)


class ApiClient(User):
    """A program that calls the API: a user without a password, with tokens and permissions."""

    objects: ClassVar[ApiClients] = ApiClients()

    class Meta:
        proxy = True
        verbose_name = "API client"
