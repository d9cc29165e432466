"""Moodle's categories, as its files write them: `$course$/top/Default for X/Algebra`."""

import re


def parts_of_category(path: str) -> list[str]:
    """The names on the way to a category, without where the way begins. `//` is a slash in a name."""
    parts = [part.replace("\x00", "/").strip() for part in path.replace("//", "\x00").split("/")]
    while parts and (not parts[0] or re.fullmatch(r"\$\w+\$|top", parts[0])):
        parts.pop(0)
    return [part for part in parts if part]
