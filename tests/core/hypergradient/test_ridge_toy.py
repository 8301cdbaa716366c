"""Ridge regression on draws of a normal q: all in closed form, so the whole hypergradient can be held to it."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.hypergradient.direction import direction
from autosimulate_addon.core.hypergradient.directional_derivative import directional_derivative
from autosimulate_addon.core.hypergradient.products import gauss_newton_product, gradient, hessian_product
from autosimulate_addon.core.hypergradient.score_function import score_terms
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import Factor
from autosimulate_addon.protocol.settings import APPROXIMATIONS

RIDGE = 0.3
FACTOR = Factor("s", "normal", start={"mean": np.array([0.4]), "std": np.array([0.7])})
PSI = Psi.from_factors([FACTOR])
NODES, NODE_WEIGHTS = (torch.from_numpy(a) for a in np.polynomial.hermite_e.hermegauss(20))
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()        # exact for polynomials up to degree 39
X_VAL = torch.tensor([-1.0, 0.2, 0.9, 1.7], dtype=torch.float64)
Y_VAL = torch.tensor([0.5, -0.3, 1.2, 0.4], dtype=torch.float64)


def features(s):
    return torch.stack([torch.ones_like(s), s, s**2], -1)


def target(s):
    return 0.5 + s - 0.8 * s**2 + 0.3 * s**3


def draws(u):
    """The nodes under psi moved by u: they stand for all of q."""
    mu, log_std = PSI.families[0].move(PSI.phi, u)
    return mu + log_std.exp() * NODES


def losses(theta, s):
    return 0.5 * (features(s) @ theta - target(s)) ** 2


def validation_loss(theta):
    return 0.5 * ((features(X_VAL) @ theta - Y_VAL) ** 2).mean()


def moments(u):
    s = draws(u)
    return (features(s).T * NODE_WEIGHTS) @ features(s), (features(s).T * NODE_WEIGHTS) @ target(s)


def trained(u):
    """theta-hat(psi), the minimiser of E l + RIDGE |theta|^2 / 2."""
    second, cross = moments(u)
    return torch.linalg.solve(second + RIDGE * torch.eye(3, dtype=torch.float64), cross)


ZERO = torch.zeros(2, dtype=torch.float64)
THETA = trained(ZERO).detach()
S = draws(ZERO).detach()


def estimate(approximation, curvature="hessian"):
    """The gradient of the validation loss with respect to u, put together as the estimator does it."""
    if curvature == "hessian":
        product = hessian_product(lambda theta: NODE_WEIGHTS @ losses(theta, S), THETA)
    else:
        product = gauss_newton_product(lambda theta: features(S) @ theta, lambda z, dz: NODE_WEIGHTS * dz, THETA)
    v = direction(approximation, gradient(validation_loss, THETA), product, damping=RIDGE, iterations=30,
                  tolerance=1e-13).vector
    w, _ = directional_derivative(lambda theta: losses(theta, S), THETA, v)
    scores = PSI.score({"s": S.reshape(-1, 1, 1)})
    return -(NODE_WEIGHTS[:, None] * score_terms(scores, w)).sum(0)


def relative_error(a, b):
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("curvature", ["hessian", "ggn"])
def test_quadratic_is_the_derivative_of_the_validation_loss(curvature):
    exact = torch.func.grad(lambda u: validation_loss(trained(u)))(ZERO)
    assert relative_error(estimate("quadratic", curvature), exact) < 1e-6


def test_quadratic_agrees_with_finite_differences_of_retraining():
    h = 1e-5
    differences = torch.stack([
        (validation_loss(trained(h * e)) - validation_loss(trained(-h * e))) / (2 * h)
        for e in torch.eye(2, dtype=torch.float64)])
    assert relative_error(estimate("quadratic"), differences) < 1e-6


@pytest.mark.parametrize("approximation", [choice.id for choice in APPROXIMATIONS])
def test_every_approximation_against_its_closed_form(approximation):
    second, _ = moments(ZERO)
    g = features(X_VAL).T @ (features(X_VAL) @ THETA - Y_VAL) / len(X_VAL)
    v = {
        "quadratic": torch.linalg.solve(second + RIDGE * torch.eye(3, dtype=torch.float64), g),
        "approximate-quadratic": second @ g,
        "linear": g,
        "no-validation": torch.ones(3, dtype=torch.float64),
    }[approximation]

    def expected_alignment(u):      # E_q[v . grad l], of which the hypergradient is minus the derivative
        second, cross = moments(u)
        return v @ (second @ THETA - cross)

    exact = -torch.func.grad(expected_alignment)(ZERO)
    assert relative_error(estimate(approximation), exact) < 1e-6


def test_a_step_against_the_hypergradient_lowers_the_validation_loss():
    u = -0.05 * estimate("quadratic") / estimate("quadratic").norm()
    assert validation_loss(trained(u)) < validation_loss(THETA)


def test_unknown_approximation():
    with pytest.raises(ValueError, match="quadratic"):
        direction("cubic", THETA, lambda v: v)
