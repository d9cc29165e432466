"""Items of one model, category count, concepts and freedom, computed together.

An item's natural parameters are (slopes of its concepts, then the family's others). They are linear in what
is free: natural = offset + own · Aᵀ + shared · Bᵀ, where `own` are free parameters of the item alone and
`shared` are those of several items: the common slope of 1PL and the steps of RSM. All free numbers lie in one
vector x.
"""

from dataclasses import dataclass

import numpy as np

from testing_engine.calibration.families import FAMILY, UNIT_SLOPE, n_others
from testing_engine.calibration.responses import BoolArray, FloatArray, IntArray


@dataclass(eq=False)
class Block:
    model: str
    k: int
    concepts: IntArray  # which columns of θ the items load on
    items: IntArray  # (n,)
    rows: IntArray  # (n, K): where the item's categories stand in the table of all
    offset: FloatArray  # (n, p)
    own_map: FloatArray  # A, (p, own)
    own_index: IntArray  # (n, own), positions in x
    shared_map: FloatArray  # B, (p, shared)
    shared_index: IntArray  # (shared,), positions in x
    free: BoolArray  # (p,): natural parameters that are not constants

    def __post_init__(self) -> None:
        self.family = FAMILY[self.model]
        self.n_slopes = len(self.concepts)
        self.names = natural_names(self.model, self.k, self.n_slopes)
        self.own_inverse = np.linalg.pinv(self.own_map) if self.own_map.shape[1] else self.own_map.T
        self.direct = (
            np.abs(self.own_map).sum(axis=0).max(initial=0) == 1 and not self.shared_map.shape[1]
        )  # every own parameter is one natural parameter
        self.all_free = self.direct and bool(self.free.all())

    @property
    def n_parameters(self) -> int:
        return int(self.offset.shape[1])

    def natural(self, x: FloatArray) -> FloatArray:
        """(n, p)."""
        value = self.offset
        if self.own_map.shape[1]:
            value = value + x[self.own_index] @ self.own_map.T
        if self.shared_map.shape[1]:
            value = value + x[self.shared_index] @ self.shared_map.T
        return value

    def store(self, x: FloatArray, natural: FloatArray) -> None:
        """Sets the own parameters in `x` to the values nearest to `natural`, the shared ones being set."""
        if self.own_map.shape[1]:
            rest = natural - self.offset
            if self.shared_map.shape[1]:
                rest = rest - x[self.shared_index] @ self.shared_map.T
            x[self.own_index] = rest @ self.own_inverse.T

    def predictor(self, natural: FloatArray, theta: FloatArray) -> FloatArray:
        """z = a · θ at nodes (Q, D); (n, Q)."""
        return natural[:, : self.n_slopes] @ theta[:, self.concepts].T

    def log_probabilities(self, natural: FloatArray, theta: FloatArray) -> FloatArray:
        return self.family(self.predictor(natural, theta), natural[:, self.n_slopes :], self.k)[0]

    def curves(self, natural: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log P (n, K, Q) and its derivatives in the natural parameters (n, p, K, Q)."""
        z = self.predictor(natural, theta)
        log_p, dz, others = self.family(z, natural[:, self.n_slopes :], self.k)
        slopes = dz[:, None] * theta[:, self.concepts].T[None, :, None, :]
        return log_p, np.concatenate([slopes, others], axis=1)

    def valid(self, natural: FloatArray) -> BoolArray:
        """Where the parameters give probabilities: graded boundaries fall, c < u; (n,)."""
        good: BoolArray = np.asarray(np.isfinite(natural).all(axis=1))
        rest = natural[:, self.n_slopes :]
        if self.model == "GRM" and self.k > 2:
            good &= (np.diff(rest, axis=1) < 0).all(axis=1)
        if self.model == "4PL":
            good &= rest[:, 1] < rest[:, 2]
        return good

    def moved(self, natural: FloatArray, shift: FloatArray, scale: FloatArray) -> FloatArray:
        """The same curves when θ = shift + scale · θ′; shift and scale are (D,)."""
        moved = natural.copy()
        a = natural[:, : self.n_slopes]
        step = a @ shift[self.concepts]
        moved[:, : self.n_slopes] = a * scale[self.concepts]
        for column, name in enumerate(self.names):
            if name.startswith("d"):
                moved[:, column] += self._score(natural, int(name[1:])) * step
        return moved

    def _score(self, natural: FloatArray, category: int) -> FloatArray | float:
        if self.model in ("GPCM", "PCM", "RSM"):
            return float(category)
        if self.model == "NRM":
            last = category == self.k - 1
            return float(self.k - 1) if last else natural[:, self.n_slopes + category - 1]
        return 1.0


def natural_names(model: str, k: int, n_slopes: int) -> tuple[str, ...]:
    """a0 …, then s1 … (NRM), d1 …, g (logit c), u (logit u)."""
    names = [f"a{c}" for c in range(n_slopes)]
    if model == "NRM":
        names += [f"s{c}" for c in range(1, k - 1)]
    n_d = 1 if model in ("3PL", "4PL") else k - 1
    names += [f"d{c}" for c in range(1, n_d + 1)]
    names += {"3PL": ["g"], "4PL": ["g", "u"]}.get(model, [])
    assert len(names) == n_slopes + n_others(model, k)
    return tuple(names)


def starting_values(model: str, k: int, n_slopes: int, counts: FloatArray) -> FloatArray:
    """Natural parameters from the frequencies of the categories alone; `counts` is (n, K)."""
    n = counts + 0.5
    slope = 1.0 if model in UNIT_SLOPE else 1 / np.sqrt(n_slopes)
    a = np.full((len(n), n_slopes), slope)
    if model in ("GPCM", "PCM", "RSM", "NRM"):
        d = np.log(n[:, 1:] / n[:, :1])
        parts = [a, np.tile(np.arange(1.0, k - 1), (len(n), 1)), d] if model == "NRM" else [a, d]
        return np.concatenate(parts, axis=1)
    tail = n[:, ::-1].cumsum(axis=1)[:, ::-1]
    share = tail[:, 1:] / tail[:, :1]
    d = 1.2 * np.log(share / (1 - share))
    if model in ("3PL", "4PL"):
        asymptotes = {"3PL": [-1.386], "4PL": [-1.386, 2.944]}[model]
        return np.concatenate([a, d + 0.3, np.tile(asymptotes, (len(n), 1))], axis=1)
    return np.concatenate([a, d], axis=1)
