from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save


class OrganisationsConfig(AppConfig):
    name = "organisations"
    verbose_name = "Organisations"

    def ready(self) -> None:
        from organisations.membership import enrol
        from organisations.roles import give_permissions

        post_migrate.connect(give_permissions, dispatch_uid="organisations.roles")
        post_save.connect(enrol, dispatch_uid="organisations.membership")
