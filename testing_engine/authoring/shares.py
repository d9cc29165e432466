"""Partial credit as most teachers mean it: equal shares for what is right, as much off for what is wrong."""

from testing_engine.authoring.sheet import Part


def share_of_choices(part: Part) -> tuple[dict[str, float], float]:
    """(What each choice is worth, what others are): a right one its share, a wrong one takes one away."""
    right = sum(row.right for row in part.rows)
    if not right:
        return {}, 0.0
    return {row.id: (1 if row.right else -1) / right for row in part.rows}, 0.0


def share_of_pairs(part: Part) -> tuple[dict[str, float], float]:
    """The same of pairs. A wrong one takes nothing where each stands in one only: it costs the right one."""
    pairs = right_pairs(part)
    if not pairs:
        return {}, 0.0
    is_once = part.type == "gapMatch" or all(row.most == "1" for row in part.rows)
    return dict.fromkeys(pairs, 1 / len(pairs)), 0.0 if is_once else -1 / len(pairs)


def right_pairs(part: Part) -> list[str]:
    """As "SOURCE TARGET", "CHOICE GAP", or in a list of one kind "ONE OTHER", each once."""
    if part.type == "gapMatch":
        return [f"{choice} {gap.id}" for gap in part.targets for choice in gap.partners]
    pairs = [f"{row.id} {partner}" for row in part.rows for partner in row.partners]
    if part.type != "associate":
        return pairs
    return list(dict.fromkeys(" ".join(sorted(pair.split(" "))) for pair in pairs))
