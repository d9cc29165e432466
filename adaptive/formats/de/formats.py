"""Days and moments as German pages have them, wherever they stand; the zone beside every moment."""

DATE_FORMAT = "d.m.Y"
SHORT_DATE_FORMAT = DATE_FORMAT
DATETIME_FORMAT = "d.m.Y H:i T"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
