"""Hessian and Gauss-Newton products, and directional derivatives, against dense float64 matrices."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev

from autosimulate_addon.core.hypergradient import directional_derivative as dd
from autosimulate_addon.core.hypergradient.parameters import trainable_parameters
from autosimulate_addon.core.hypergradient.products import gauss_newton_product, gradient, hessian_product

torch.manual_seed(0)
NET = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3)).double()
X = torch.randn(6, 3, dtype=torch.float64)
Y = torch.tensor([0, 1, 2, 1, 0, 2])
PARAMETERS = trainable_parameters(NET)
SHAPES = {name: value.shape for name, value in PARAMETERS.items()}


def flat(parameters):
    return torch.cat([parameters[name].reshape(-1) for name in SHAPES])


def unflat(vector):
    pieces = vector.split([shape.numel() for shape in SHAPES.values()])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(SHAPES.items(), pieces, strict=True)}


def outputs(parameters):
    return functional_call(NET, parameters, (X,))


def loss_of_outputs(z):
    return nn.functional.cross_entropy(z, Y)


def loss(parameters):
    return loss_of_outputs(outputs(parameters))


def curvature(z, tangent):
    return hessian_product(loss_of_outputs, z)(tangent)


THETA = flat(PARAMETERS)
V = torch.randn(THETA.numel(), dtype=torch.float64)


def test_gradient_against_torch_func():
    expected = torch.func.grad(lambda t: loss(unflat(t)))(THETA)
    assert torch.allclose(flat(gradient(loss, PARAMETERS)), expected, atol=1e-14)


def test_hessian_product_against_dense():
    dense = hessian(lambda t: loss(unflat(t)))(THETA)
    assert torch.allclose(flat(hessian_product(loss, PARAMETERS)(unflat(V))), dense @ V, atol=1e-10)
    of_flat = hessian_product(lambda t: loss(unflat(t)), THETA)
    assert torch.allclose(of_flat(V), dense @ V, atol=1e-10)


def test_gauss_newton_product_against_dense():
    jacobian = jacrev(lambda t: outputs(unflat(t)).reshape(-1))(THETA)
    of_outputs = hessian(lambda z: loss_of_outputs(z.reshape(6, 3)))(outputs(PARAMETERS).reshape(-1))
    dense = jacobian.T @ of_outputs @ jacobian
    product = gauss_newton_product(outputs, curvature, PARAMETERS)
    assert torch.allclose(flat(product(unflat(V))), dense @ V, atol=1e-10)
    assert torch.linalg.eigvalsh(dense).min() > -1e-12
    kept = gauss_newton_product(outputs, curvature, PARAMETERS, keep_graph=True)
    for _ in range(2):      # its graph must outlive a call
        assert torch.equal(flat(kept(unflat(V))), flat(product(unflat(V))))


def test_products_keep_no_graph():
    result = hessian_product(loss, PARAMETERS)(unflat(V))
    assert not any(t.requires_grad for t in result.values())
    result = gauss_newton_product(outputs, curvature, PARAMETERS)(unflat(V))
    assert not any(t.requires_grad for t in result.values())


def test_directional_derivative_is_per_sample_gradient_times_vector():
    def losses(parameters):
        return nn.functional.cross_entropy(outputs(parameters), Y, reduction="none")

    per_sample = jacrev(lambda t: losses(unflat(t)))(THETA)
    w, method = dd.directional_derivative(losses, PARAMETERS, unflat(V))
    assert method == dd.FORWARD_MODE
    assert torch.allclose(w, per_sample @ V, atol=1e-12)


class NoForwardMode(torch.autograd.Function):
    """x^3 with a derivative for reverse mode alone, as hand-written layers have it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, upstream):
        return 3 * ctx.saved_tensors[0] ** 2 * upstream


def test_a_central_difference_gives_the_same_value_and_derivative():
    def losses(parameters):
        return nn.functional.cross_entropy(outputs(parameters), Y, reduction="none")

    value, derivative, method = dd.value_and_derivative(losses, PARAMETERS, unflat(V))
    near_value, near, other = dd.value_and_derivative(losses, PARAMETERS, unflat(V), dd.FINITE_DIFFERENCE)
    assert (method, other) == (dd.FORWARD_MODE, dd.FINITE_DIFFERENCE)
    assert torch.equal(value, losses(PARAMETERS)) and torch.allclose(near_value, value, atol=1e-8)
    assert torch.allclose(near, derivative, atol=1e-8)


def test_operation_without_forward_mode_falls_back_and_says_so():
    def cubed(theta):
        return NoForwardMode.apply(X @ theta)

    theta = torch.tensor([0.3, -0.2, 0.7], dtype=torch.float64)
    v = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    exact = 3 * (X @ theta) ** 2 * (X @ v)
    w, method = dd.directional_derivative(cubed, theta, v)
    assert method == dd.FINITE_DIFFERENCE
    assert torch.allclose(w, exact, atol=1e-7)

    of_squares = gauss_newton_product(cubed, lambda z, tangent: tangent, theta)      # their halved sum's Hessian is I
    jacobian = 3 * (X @ theta)[:, None] ** 2 * X
    assert torch.allclose(of_squares(v), jacobian.T @ (jacobian @ v), atol=1e-6)


def test_other_errors_are_not_swallowed():
    with pytest.raises(RuntimeError, match="inconsistent"):
        dd.directional_derivative(lambda t: t @ torch.zeros(9, dtype=torch.float64), torch.zeros(3).double(),
                                  torch.ones(3).double())


def test_finite_difference_of_zero_vector_is_zero():
    assert dd.central_difference(lambda t: t**2, torch.ones(3), torch.zeros(3)).abs().max() == 0
