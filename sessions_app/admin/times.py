"""In which time zone people read and type moments, and how a moment is written."""

from datetime import date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format


def zone_name() -> str:
    """The one answer to "which zone": Django's current one, TIME_ZONE unless something activates another."""
    return timezone.get_current_timezone_name()


def shown(moment: datetime) -> str:
    """A moment in that zone, which is named as at that moment: across a change of clocks, too."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def midnight(day: date) -> datetime:
    """When a day of that zone begins."""
    return timezone.make_aware(datetime.combine(day, time()))
