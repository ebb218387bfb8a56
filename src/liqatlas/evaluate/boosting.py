"""A boosted tree on every feature: the baseline without an opinion.

Gradient boosting of shallow histogram trees on the negative-binomial likelihood with log link. The number of rounds is
chosen on contiguous blocks of the training hours, never on the test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.scores import log_likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_LEAF = 3.0  # a step of exp(3) within one tree is a division by nearly nothing


@dataclass(frozen=True, slots=True)
class BoostSettings:
    """How trees are grown; ordinary values, not tuned on any market.

    Attributes
    ----------
    most_rounds, rate, depth
        Trees at most, shrinkage of each, splits from root to leaf.
    fewest_rows, penalty
        Rows a leaf must hold, ridge on leaf values.
    bins
        Quantile bins per feature.
    dispersion
        α of the likelihood that is boosted; the score fits its own.
    folds
        Contiguous blocks for choosing the number of rounds.
    """

    most_rounds: int = 200
    rate: float = 0.06
    depth: int = 3
    fewest_rows: int = 40
    penalty: float = 5.0
    bins: int = 32
    dispersion: float = 1.0
    folds: int = 5


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: float


@dataclass(frozen=True, slots=True)
class _Split:
    feature: int
    last_left: int
    left: _Tree
    right: _Tree


_Tree = _Leaf | _Split


@dataclass(frozen=True, slots=True)
class BoostedTrees:
    """A fitted ensemble: ``mean = exp(start + rate · Σ tree)``."""

    start: float
    rate: float
    cuts: tuple[NDArray[np.float64], ...]
    trees: tuple[_Tree, ...]

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the means, shape ``features.shape[:-1]`` [10,000 USD]."""
        if features.shape[-1] != len(self.cuts):
            raise InputError(
                f"{features.shape[-1]} features given, the trees were fitted on {len(self.cuts)}"
            )
        codes = _codes(features.reshape(-1, len(self.cuts)), self.cuts)
        total = np.zeros(len(codes))
        for tree in self.trees:
            _add(tree, codes, np.arange(len(codes)), total)
        mean: NDArray[np.float64] = np.exp(self.start + self.rate * total).reshape(features.shape[:-1])
        return mean


def fit_boosted_trees(
    amount: NDArray[np.float64], features: NDArray[np.float64], *, settings: BoostSettings | None = None
) -> BoostedTrees:
    """Choose the number of rounds on blocks of the rows, then fit on all of them.

    Parameters
    ----------
    amount
        float64, shape ``(n, 2)``: hours in order, long and short [10,000 USD]; NaN rows are left out.
    features
        float64, shape ``(n, 2, p)``, finite where the amount is known.

    Raises
    ------
    InputError
        If shapes do not agree or a feature of a known row is not finite.
    NotEnoughDataError
        If the rows do not fill the folds.
    """
    use = settings or BoostSettings()
    if features.shape[:-1] != amount.shape:
        raise InputError(f"amounts have shape {amount.shape}, features {features.shape}")
    known = np.isfinite(amount)
    y, x = amount[known], features[known]
    if not bool(np.all(np.isfinite(x))):
        raise InputError("a feature of a known row is not finite")
    if len(y) < 4 * use.folds * use.fewest_rows or float(y.sum()) <= 0:
        raise NotEnoughDataError(
            f"{len(y)} known rows: {4 * use.folds * use.fewest_rows} with prints are wanted"
        )
    fold = np.arange(len(y)) * use.folds // len(y)
    curve = np.mean([_validate(y, x, fold == k, use) for k in range(use.folds)], axis=0)
    return _grow_all(y, x, int(np.argmax(curve)) + 1, use)


def _validate(
    y: NDArray[np.float64], x: NDArray[np.float64], held: NDArray[np.bool_], use: BoostSettings
) -> NDArray[np.float64]:
    """Return the mean log-likelihood of the held rows after each round."""
    fitted = _grow_all(y[~held], x[~held], use.most_rounds, use)
    codes = _codes(x[held], fitted.cuts)
    total = np.zeros(len(codes))
    curve = np.empty(use.most_rounds)
    for i, tree in enumerate(fitted.trees):
        _add(tree, codes, np.arange(len(codes)), total)
        curve[i] = log_likelihood(y[held], np.exp(fitted.start + use.rate * total), use.dispersion).mean()
    return curve


def _grow_all(
    y: NDArray[np.float64], x: NDArray[np.float64], rounds: int, use: BoostSettings
) -> BoostedTrees:
    inner = np.linspace(0, 1, use.bins + 1)[1:-1]
    cuts = tuple(np.unique(np.quantile(x[:, j], inner)) for j in range(x.shape[1]))
    codes = _codes(x, cuts)
    start = math.log(max(float(y.mean()), 1e-9))
    total = np.zeros(len(y))
    rows = np.arange(len(y))
    trees: list[_Tree] = []
    for _ in range(rounds):
        mu = np.exp(start + use.rate * total)
        slope = (y - mu) / (1 + use.dispersion * mu)
        curvature = mu * (1 + use.dispersion * y) / (1 + use.dispersion * mu) ** 2
        tree = _grow(codes, slope, curvature, rows, use.depth, use)
        _add(tree, codes, rows, total)
        trees.append(tree)
    return BoostedTrees(start, use.rate, cuts, tuple(trees))


def _grow(  # noqa: PLR0917 - the state of one recursion
    codes: NDArray[np.int64],
    slope: NDArray[np.float64],
    curvature: NDArray[np.float64],
    rows: NDArray[np.int64],
    depth: int,
    use: BoostSettings,
) -> _Tree:
    g, h = slope[rows], curvature[rows]
    found = _best_split(codes[rows], g, h, use) if depth > 0 and len(rows) >= 2 * use.fewest_rows else None
    if found is None:
        return _Leaf(float(np.clip(g.sum() / (h.sum() + use.penalty), -_LARGEST_LEAF, _LARGEST_LEAF)))
    feature, last_left = found
    left = codes[rows, feature] <= last_left
    return _Split(
        feature,
        last_left,
        _grow(codes, slope, curvature, rows[left], depth - 1, use),
        _grow(codes, slope, curvature, rows[~left], depth - 1, use),
    )


def _best_split(
    codes: NDArray[np.int64], g: NDArray[np.float64], h: NDArray[np.float64], use: BoostSettings
) -> tuple[int, int] | None:
    """Return (feature, last bin of the left side) of the largest second-order gain, None where none gains."""
    whole = g.sum() ** 2 / (h.sum() + use.penalty)
    best, choice = 1e-9, None
    for j in range(codes.shape[1]):
        c = codes[:, j]
        n_left = np.cumsum(np.bincount(c, minlength=use.bins))[:-1]
        g_left = np.cumsum(np.bincount(c, weights=g, minlength=use.bins))[:-1]
        h_left = np.cumsum(np.bincount(c, weights=h, minlength=use.bins))[:-1]
        allowed = (n_left >= use.fewest_rows) & (len(c) - n_left >= use.fewest_rows)
        gain = (
            g_left**2 / (h_left + use.penalty)
            + (g.sum() - g_left) ** 2 / (h.sum() - h_left + use.penalty)
            - whole
        )
        gain = np.where(allowed, gain, 0.0)
        at = int(gain.argmax())
        if gain[at] > best:
            best, choice = float(gain[at]), (j, at)
    return choice


def _codes(x: NDArray[np.float64], cuts: tuple[NDArray[np.float64], ...]) -> NDArray[np.int64]:
    return np.stack([np.searchsorted(c, x[:, j], side="right") for j, c in enumerate(cuts)], axis=1)


def _add(tree: _Tree, codes: NDArray[np.int64], rows: NDArray[np.int64], total: NDArray[np.float64]) -> None:
    if isinstance(tree, _Leaf):
        total[rows] += tree.value
        return
    left = codes[rows, tree.feature] <= tree.last_left
    _add(tree.left, codes, rows[left], total)
    _add(tree.right, codes, rows[~left], total)
