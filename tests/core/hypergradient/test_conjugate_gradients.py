"""Conjugate gradients against dense float64 solves."""

import math

import pytest
import torch

from autosimulate_addon.core.hypergradient.conjugate_gradients import CGStatus, conjugate_gradients
from autosimulate_addon.core.hypergradient.parameters import dot


def matrix(eigenvalues, seed=0):
    generator = torch.Generator().manual_seed(seed)
    eigenvalues = torch.as_tensor(eigenvalues, dtype=torch.float64)
    basis, _ = torch.linalg.qr(torch.randn(len(eigenvalues), len(eigenvalues), generator=generator,
                                           dtype=torch.float64))
    return basis @ torch.diag(eigenvalues) @ basis.T


def vector(size, seed=1):
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def error(x, y):
    return ((x - y).norm() / y.norm()).item()


def test_identity_is_solved_in_one_iteration():
    b = vector(7)
    result = conjugate_gradients(lambda v: v, b, tolerance=1e-12)
    assert (result.status, result.iterations) == (CGStatus.CONVERGED, 1)
    assert error(result.solution, b) < 1e-14


@pytest.mark.parametrize("damping", [0.0, 1e-2])
def test_condition_1000_against_dense_solve(damping):
    a, b = matrix(torch.logspace(0, 3, 30)), vector(30)
    result = conjugate_gradients(lambda v: a @ v, b, damping=damping, tolerance=1e-12, max_iterations=200)
    assert result.status is CGStatus.CONVERGED
    assert error(result.solution, torch.linalg.solve(a + damping * torch.eye(30, dtype=torch.float64), b)) < 1e-8


def test_dictionary_of_parameters_against_dense_solve():
    a, b = matrix(torch.logspace(0, 2, 12)), vector(12)

    def split(t):
        return {"weight": t[:8].reshape(2, 4), "bias": t[8:]}

    def join(d):
        return torch.cat([d["weight"].reshape(-1), d["bias"]])

    result = conjugate_gradients(lambda v: split(a @ join(v)), split(b), tolerance=1e-12, max_iterations=100)
    assert error(join(result.solution), torch.linalg.solve(a, b)) < 1e-8


def test_relative_damping_is_the_curvature_along_the_right_hand_side():
    a, b = matrix(torch.logspace(0, 2, 10)), vector(10)
    calls = []
    result = conjugate_gradients(lambda v: calls.append(0) or a @ v, b, relative_damping=0.1, tolerance=1e-12,
                                 max_iterations=100)
    expected = 0.1 * (b @ a @ b / (b @ b)).item()
    assert result.damping == pytest.approx(expected, rel=1e-12)
    assert error(result.solution, torch.linalg.solve(a + expected * torch.eye(10, dtype=torch.float64), b)) < 1e-8
    assert len(calls) == result.iterations          # the product that gave lambda served as the first iteration's


def test_zero_right_hand_side():
    result = conjugate_gradients(lambda v: v, torch.zeros(4, dtype=torch.float64), relative_damping=0.1)
    assert (result.status, result.iterations, result.relative_residual) == (CGStatus.CONVERGED, 0, 0.0)
    assert result.solution.abs().max() == 0


def test_too_few_iterations_return_the_iterate_of_least_energy():
    a, b = matrix(torch.logspace(0, 4, 40)), vector(40)
    energies = []
    for iterations in range(1, 8):
        result = conjugate_gradients(lambda v: a @ v, b, tolerance=1e-12, max_iterations=iterations)
        assert (result.status, result.iterations) == (CGStatus.MAX_ITERATIONS, iterations)
        x = result.solution
        energies.append((0.5 * x @ a @ x - b @ x).item())
        assert result.relative_residual == pytest.approx(((b - a @ x).norm() / b.norm()).item(), rel=1e-9)
    assert energies == sorted(energies, reverse=True) and energies[0] < 0


def test_indefinite_matrix_is_reported():
    eigenvalues = torch.linspace(1, 10, 12, dtype=torch.float64)
    eigenvalues[0] = -3.0
    a, b = matrix(eigenvalues), vector(12)
    result = conjugate_gradients(lambda v: a @ v, b, tolerance=1e-12, max_iterations=50)
    assert result.status is CGStatus.NEGATIVE_CURVATURE
    assert torch.isfinite(result.solution).all() and dot(result.solution, b) > 0


def test_negative_definite_matrix_gives_steepest_descent():
    b = vector(5)
    result = conjugate_gradients(lambda v: -v, b)
    assert result.status is CGStatus.NEGATIVE_CURVATURE
    assert torch.equal(result.solution, b)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_not_finite(bad):
    b = vector(3)
    assert conjugate_gradients(lambda v: v * bad, b).status is CGStatus.NOT_FINITE
    assert conjugate_gradients(lambda v: v * bad, b, relative_damping=0.1).status is CGStatus.NOT_FINITE
    result = conjugate_gradients(lambda v: v, b * bad)
    assert result.status is CGStatus.NOT_FINITE and torch.isfinite(result.solution).all()


def test_float32_solve_is_not_spoilt_by_its_inner_products():
    a, b = matrix(torch.logspace(0, 3, 60)), vector(60)
    a32 = a.float()
    result = conjugate_gradients(lambda v: a32 @ v, b.float(), tolerance=1e-5, max_iterations=500)
    assert result.status is CGStatus.CONVERGED
    assert error(result.solution.double(), torch.linalg.solve(a, b)) < 1e-2
