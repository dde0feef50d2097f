"""Distances between two sets of points: features of pictures, or pictures themselves.

By what they are compared is in `features.py`, which pictures in `evaluate.py` and `gauge.py`.
"""

import numpy as np
from numpy.typing import NDArray


def kernel_inception_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Squared maximum mean discrepancy of two feature sets, unbiased, cubic polynomial kernel.

    Shape: [N, D] and [M, D], N and M at least 2. Range: about 0 for equal distributions, may be
    slightly negative. Source: Binkowski et al. 2018, eq. 4 with k(x, y) = (x.y / D + 1)^3.
    """
    gram_xx, gram_yy, gram_xy = (
        (a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))
    )
    within = sum(
        (gram.sum() - gram.trace()) / (len(gram) * (len(gram) - 1)) for gram in (gram_xx, gram_yy)
    )
    return float(within - 2 * gram_xy.mean())


def frechet_inception_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Frechet distance between the Gaussians fitted to two feature sets.

    Shape: [N, D] and [M, D]. Range: >= 0; biased upwards where N or M is not far above D.
    Source: Heusel et al. 2017, eq. 6.
    """
    difference = x.mean(0) - y.mean(0)
    centred_x, centred_y = (
        (points - points.mean(0)) / np.sqrt(len(points) - 1) for points in (x, y)
    )
    # With covariances X'X and Y'Y the root's trace is the sum of the singular values of XY', an
    # [N, M] matrix: quicker and steadier than the root of a [D, D] one where N or M is below D.
    root_trace = np.linalg.svd(centred_x @ centred_y.T, compute_uv=False).sum()
    variances = (centred_x**2).sum() + (centred_y**2).sum()
    return max(0.0, float(difference @ difference + variances - 2 * root_trace))


def sliced_wasserstein_distance(
    x: NDArray[np.float64], y: NDArray[np.float64], directions: int = 256
) -> float:
    """Mean 1-Wasserstein distance of two point sets along fixed random directions.

    Shape: [N, D] and [M, D]. Range: >= 0, 0 for equal sets. Source: Rabin et al. 2011, eq. 6.
    """
    axes = np.random.default_rng(0).standard_normal((x.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    quantiles = np.linspace(0, 1, 513)
    x_sorted, y_sorted = (np.quantile(points @ axes, quantiles, axis=0) for points in (x, y))
    return float(np.abs(x_sorted - y_sorted).mean())
