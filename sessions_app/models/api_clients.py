"""Programs that call the API."""

from typing import ClassVar

from django.contrib.auth.models import User, UserManager
from django.db import models

from organisations.acting import acting_organisation


class ApiClients(UserManager["ApiClient"]):
    """Only programs, for whoever may enter the admin is a person; those of the acting organisation."""

    def get_queryset(self) -> models.QuerySet["ApiClient"]:
        clients = super().get_queryset().filter(is_staff=False, is_superuser=False)
        acting = acting_organisation()
        return clients if acting is None else clients.filter(membership__organisation=acting)


class ApiClient(User):
    """A program that calls the API: a user without a password, with tokens and permissions."""

    objects: ClassVar[ApiClients] = ApiClients()

    class Meta:
        proxy = True
        verbose_name = "API client"
