"""Classical DIF statistics and ETS classes.

Persons are matched on their EAP under one common prior, in strata of equal size, or on the total score of a
fixed form. (EAP under the prior of their own group makes Mantel–Haenszel find DIF where there is only
impact.)
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, expit

from testing_engine.calibration.calibration import Calibration, calibrate
from testing_engine.calibration.responses import FloatArray, IntArray, Responses

STRATA = 10
FEWEST = 50  # answers in a group
DELTA = -2.35  # from log odds ratio to ETS's delta scale


@dataclass(frozen=True)
class ClassicalDif:
    """One item, focal against reference group. ETS: A negligible, B moderate, C large; + favours the focal
    group.
    """

    item: Hashable
    n_reference: int
    n_focal: int
    alpha: float  # common odds ratio
    delta: float  # −2.35 ln α: below 0 the item is harder for the focal group
    delta_error: float  # Robins, Breslow and Greenland (1986)
    mh_chi2: float  # with continuity correction
    mh_p: float
    ets_class: str
    standardised: float  # Σ w_F (p_F − p_R), Dorans and Kulick (1986)
    logistic_chi2: float  # 2 df: uniform and non-uniform
    logistic_p: float
    uniform_chi2: float  # 1 df
    r2_change: float  # Nagelkerke's R²


def classical_dif(
    responses: Responses, fit: Calibration | None = None, match: str = "EAP", strata: int = STRATA
) -> dict[Hashable, ClassicalDif]:
    """For right/wrong answers of two groups, the second focal. `match` is "EAP" (one prior) or "total" (fixed
    form).

    `fit` gives item parameters; its groups are not used. Without it a 2PL is fitted to all persons as one
    group.
    """
    if len(responses.groups) != 2:
        raise ValueError(f"responses: must have two groups, not {len(responses.groups)}")
    if match not in ("EAP", "total"):
        raise ValueError(f"match: must be EAP or total, not {match!r}")
    if match == "total" and responses.n_answers != responses.n_persons * responses.n_items:
        raise ValueError("match: the total score is for a fixed form that everybody answered")
    if match == "total":
        score = np.bincount(responses.person, responses.category, responses.n_persons).astype(float)
        stratum: IntArray = score.astype(np.int64)
    else:
        score = _common_prior_scores(responses, fit)
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        stratum = np.minimum(rank * strata // max(len(rank), 1), strata - 1)
    found = {}
    for j, item in enumerate(responses.items):
        answers = responses.item == j
        who, x = responses.person[answers], responses.category[answers]
        focal = responses.group[who] == 1
        if min(focal.sum(), (~focal).sum()) >= FEWEST and 0 < x.mean() < 1 and x.max() == 1:
            found[item] = _item(item, x.astype(float), focal, stratum[who], score[who])
    return found


def _common_prior_scores(responses: Responses, fit: Calibration | None) -> FloatArray:
    one = responses.grouped([0] * responses.n_persons)
    if fit is None:
        return calibrate(one, "2PL").scores.theta
    known = {item: each for item, each in fit.parameters.items() if np.isfinite(each.a).all()}
    seen = one.without(np.array([item not in known for item in one.items]))
    return calibrate(seen, fit.model.models, fixed=known, priors="none").scores.theta


def _item(
    item: Hashable, x: FloatArray, focal: np.ndarray, stratum: IntArray, score: FloatArray
) -> ClassicalDif:
    n = int(stratum.max()) + 1

    def count(mask: np.ndarray) -> FloatArray:
        return np.bincount(stratum[mask], minlength=n).astype(float)

    right = x == 1
    a, b = count(right & ~focal), count(~right & ~focal)
    c, d = count(right & focal), count(~right & focal)
    total = a + b + c + d
    used = ((a + b) * (c + d) > 0) & (total > 1)
    a, b, c, d, total = a[used], b[used], c[used], d[used], total[used]
    n_r, n_f, ones, zeros = a + b, c + d, a + c, b + d
    expected = n_r * ones / total
    variance = (n_r * n_f * ones * zeros / (total**2 * (total - 1))).sum()
    chi2 = max(abs((a - expected).sum()) - 0.5, 0.0) ** 2 / variance
    over, under = (a * d / total).sum(), (b * c / total).sum()
    alpha = over / under if under > 0 else np.inf
    delta = DELTA * np.log(alpha)
    p, q = (a + d) / total, (b + c) / total
    r, s = a * d / total, b * c / total
    log_variance = (p * r).sum() / (2 * over**2)
    log_variance += (p * s + q * r).sum() / (2 * over * under) + (q * s).sum() / (2 * under**2)
    error = abs(DELTA) * np.sqrt(log_variance)
    standardised = float((n_f * (c / n_f - a / n_r)).sum() / n_f.sum())
    full, uniform, change = _logistic(x, focal.astype(float), score)
    mh_p = float(chdtrc(1, chi2))
    return ClassicalDif(
        item,
        int((~focal).sum()),
        int(focal.sum()),
        float(alpha),
        float(delta),
        float(error),
        float(chi2),
        mh_p,
        ets_class(float(delta), float(error)),
        standardised,
        full,
        float(chdtrc(2, full)),
        uniform,
        change,
    )


def ets_class(delta: float, error: float) -> str:
    """A: |Δ| < 1 or not significant; C: |Δ| ≥ 1.5 and significantly above 1; else B (Zieky 1993)."""
    if not np.isfinite(error) or abs(delta) < 1 or abs(delta) <= 1.96 * error:
        return "A"
    sign = "+" if delta > 0 else "−"
    return ("C" if abs(delta) >= 1.5 and abs(delta) - 1 > 1.645 * error else "B") + sign


def _logistic(x: FloatArray, group: FloatArray, score: FloatArray) -> tuple[float, float, float]:
    """Likelihood ratios of score + group + score × group against score (2 df), of score + group (1 df), and
    ΔR².
    """
    one = np.ones_like(x)
    base = _log_likelihood(np.column_stack([one, score]), x)
    uniform = _log_likelihood(np.column_stack([one, score, group]), x)
    full = _log_likelihood(np.column_stack([one, score, group, score * group]), x)
    share = x.mean()
    none = len(x) * float(share * np.log(share) + (1 - share) * np.log(1 - share))
    change = _nagelkerke(full, none, len(x)) - _nagelkerke(base, none, len(x))
    return 2 * (full - base), 2 * (uniform - base), change


def _nagelkerke(log_likelihood: float, none: float, n: int) -> float:
    return float((1 - np.exp(2 * (none - log_likelihood) / n)) / (1 - np.exp(2 * none / n)))


def _log_likelihood(design: FloatArray, x: FloatArray) -> float:
    """Maximum over the coefficients, by Newton steps."""
    scale = np.maximum(np.abs(design).max(axis=0), 1e-12)
    design = design / scale
    beta = np.zeros(design.shape[1])
    for _ in range(40):
        p = expit(design @ beta)
        hessian = (design * (p * (1 - p))[:, None]).T @ design
        step = np.linalg.solve(hessian + 1e-12 * np.eye(len(beta)), design.T @ (x - p))
        beta = beta + np.clip(step, -10, 10)
        if np.abs(step).max() < 1e-10:
            break
    t = design @ beta
    return float((x * t - np.logaddexp(0, t)).sum())
