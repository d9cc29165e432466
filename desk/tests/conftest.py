"""Who is logged in at the desk."""

import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from sessions_app.conftest import api, pool, start  # noqa: F401  # fixtures


def somebody(*permissions: str, is_staff: bool = True) -> Client:
    """A client that is logged in as somebody with these permissions."""
    user = User.objects.create_user(f"user {uuid.uuid4()}", is_staff=is_staff)
    codenames = [name.partition(".")[2] for name in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def author(db: None) -> Client:
    return somebody("testing_engine.author_pools")
