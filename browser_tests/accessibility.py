"""Accessibility by axe-core, at WCAG 2.2 AA."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

MOTION_ENDED = """() => Promise.allSettled(document.getAnimations()
    .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
    .map(animation => animation.finished))"""


@dataclass(frozen=True)
class KnownFault:
    """A fault of a library that we cannot mend: one rule, at elements that match one CSS selector."""

    rule: str
    selector: str
    why: str


def check_accessibility(page: Page, known: Iterable[KnownFault] = ()) -> None:
    """Fails, and says what is wrong where, unless axe finds nothing beside the known faults."""
    page.evaluate(MOTION_ENDED)  # what fades in has too little contrast at first
    options = {"runOnly": {"type": "tag", "values": WCAG_2_2_AA}, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    faults = [text for violation in violations for text in _faults(page, violation, list(known))]
    assert not faults, f"{page.url} is not accessible:\n" + "\n".join(faults)


def _faults(page: Page, violation: dict[str, Any], known: list[KnownFault]) -> list[str]:
    """One text for each element that breaks this rule and is not known to."""
    return [
        f"- {violation['id']} ({violation['impact']}): {violation['help']}\n"
        f"  {node['html'][:300]}\n"
        f"  {node['failureSummary'].replace(chr(10), ' ')}"
        for node in violation["nodes"]
        if not any(fault.rule == violation["id"] and _matches(page, node, fault.selector) for fault in known)
    ]


def _matches(page: Page, node: dict[str, Any], selector: str) -> bool:
    """Whether the element itself, not one around it, is what the selector says."""
    script = "([target, selector]) => document.querySelector(target)?.matches(selector) ?? false"
    return bool(page.evaluate(script, [node["target"][-1], selector]))
