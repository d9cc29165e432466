"""How a new test ends while nobody has said otherwise: as its pool allows."""

from dataclasses import replace

from sessions_app.preparing.outlook import best_error
from sessions_app.preparing.rules_in_fields import TOGETHER
from testing_engine.models import QuestionPool
from testing_engine.psychometrics.items.parts import counting, in_use
from testing_engine.psychometrics.rules import CatRules
from testing_engine.revisions import load_revision

MOST, LEAST = 20, 5
ERRORS = (0.4, 0.5)  # standard errors (logits): the first that the pool reaches, else the last


def rules_for(pool: QuestionPool) -> CatRules:
    """Until the result is exact enough, with parameters; without, all questions, or some drawn at random."""
    assert pool.current_revision_id is not None
    bank = load_revision(pool.current_revision_id).bank
    if count := counting(bank).n_items:
        most = min(MOST, count)
        best = best_error(pool, most) or 1.0
        rules = CatRules.from_end_criteria(
            type="precision",
            max_questions=most,
            min_questions=min(LEAST, most),
            precision_threshold=next((error for error in ERRORS if best <= error), ERRORS[-1]),
        )
    else:
        count = in_use(bank).n_items
        order = "linear" if count <= MOST else "random"
        rules = CatRules.from_json({"selection": order, "max_questions": min(MOST, count)})
    return replace(rules, eligibility=TOGETHER)
