"""A tiny network trained for real, and that training differentiated: the sign and scale that w must have."""

import torch
from torch import nn
from torch.func import functional_call

from autosimulate_addon.core.hypergradient.direction import direction
from autosimulate_addon.core.hypergradient.directional_derivative import directional_derivative
from autosimulate_addon.core.hypergradient.parameters import trainable_parameters
from autosimulate_addon.core.hypergradient.products import gradient, hessian_product

DECAY = 0.05


def test_w_is_minus_the_derivative_of_the_validation_loss_by_a_sample_s_weight():
    torch.manual_seed(3)
    network = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    x, x_val = torch.randn(12, 2).double(), torch.randn(8, 2).double()
    y, y_val = (x[:, 0] * x[:, 1] > 0).long(), (x_val[:, 0] * x_val[:, 1] > 0).long()

    def losses(parameters):
        return nn.functional.cross_entropy(functional_call(network, parameters, (x,)), y, reduction="none")

    def train_loss(parameters, weights):
        return (weights * losses(parameters)).sum() + 0.5 * DECAY * sum(p.square().sum() for p in parameters.values())

    def val_loss(parameters):
        return nn.functional.cross_entropy(functional_call(network, parameters, (x_val,)), y_val)

    weights = torch.full((12,), 1 / 12, dtype=torch.float64, requires_grad=True)
    theta = {name: p.detach().requires_grad_() for name, p in network.named_parameters()}
    for _ in range(1500):
        g = torch.autograd.grad(train_loss(theta, weights), list(theta.values()), create_graph=True)
        theta = {name: p - 1.0 * d for (name, p), d in zip(theta.items(), g, strict=True)}
    oracle, = torch.autograd.grad(val_loss(theta), weights)

    trained = {name: p.detach() for name, p in theta.items()}
    assert trained.keys() == trainable_parameters(network).keys()
    product = hessian_product(lambda p: train_loss(p, weights.detach()), trained)
    v = direction("quadratic", gradient(val_loss, trained), product, iterations=100, tolerance=1e-10)
    w, _ = directional_derivative(losses, trained, v.vector)
    assert v.status == "converged"
    assert ((w + oracle).norm() / oracle.norm()).item() < 1e-3

    linear, _ = directional_derivative(losses, trained, gradient(val_loss, trained))
    assert nn.functional.cosine_similarity(linear, -oracle, 0) > 0.3      # an approximation, but the same sign
