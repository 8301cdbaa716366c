"""Every family against torch's own log densities, closed forms and Monte Carlo."""

import math

import numpy as np
import pytest
import torch
from torch import distributions as td

from autosimulate_addon.core.distributions import Bounds, family_of, make
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.randomness import torch_seed
from autosimulate_addon.protocol import Factor, InputError

torch.set_num_threads(1)


def limits(low, high):
    return {"low": np.array(low, float), "high": np.array(high, float)}


FREE = {
    "normal": Factor("f", "normal", 3, 2, start={"mean": [1., -20.], "std": [.5, 3.]}),
    "lognormal": Factor("f", "lognormal", 2, 1, start={"mean": [200.], "std": [150.]}),
    "bounded": Factor("f", "bounded", 2, 2, **limits([0, -3], [1, 5]), start={"mean": [.2, 2.], "std": [.1, 1.5]}),
    "categorical": Factor("f", "categorical", 2, items=tuple("abc"), start={"p": [.2, .3, .5]}),
    "shared": Factor("f", "categorical", 2, items=tuple("abcd"), start={"p": [.1, .2, .3, .4]},
                     shared=((0, 0, 1, 1), (0, 1, 0, 1))),
    "integer": Factor("f", "integer", 1, items=("0", "1", "2", "3"), start={"p": [.1, .2, .3, .4]}),
    "bernoulli": Factor("f", "bernoulli", 3, items=("off", "on"), start={"p": [.3, .7]}),
}
CLIPPED = {
    "normal": Factor("f", "normal", 2, 2, **limits([.8, -18], [1.3, 40]), start={"mean": [1., -20.], "std": [.5, 3.]}),
    "lognormal": Factor("f", "lognormal", 2, 1, **limits([80], [300]), start={"mean": [200.], "std": [150.]}),
}
ALL = [*FREE.items(), *((f"{name} clipped", factor) for name, factor in CLIPPED.items())]
NAMED = {"argvalues": [factor for _, factor in ALL], "ids": [name for name, _ in ALL]}


def draws_of(factor, n, seed=0):
    family = family_of(factor)
    phi = family.to_phi(factor.start)
    with torch_seed(seed):
        return family, phi, family.sample(phi, n).detach()


@pytest.mark.parametrize("factor", **NAMED)
def test_plain_numbers_round_trip(factor):
    family = family_of(factor)
    for name, values in family.to_plain(family.to_phi(factor.start)).items():
        assert values == pytest.approx(factor.start[name], rel=1e-12)


@pytest.mark.parametrize("factor", [FREE["normal"], FREE["lognormal"], FREE["bounded"]], ids=lambda f: f.family)
def test_plain_moments_are_those_of_the_draws(factor):
    _, _, draws = draws_of(factor, 200_000)
    values = draws.reshape(-1, factor.size)
    assert values.mean(0).tolist() == pytest.approx(factor.start["mean"], rel=.02)
    assert values.std(0).tolist() == pytest.approx(factor.start["std"], rel=.03)


def test_discrete_draws_have_their_frequencies():
    for name in ("categorical", "integer", "bernoulli"):
        factor = FREE[name]
        _, _, draws = draws_of(factor, 50_000)
        assert draws.shape == (50_000, factor.count, 1) and draws.dtype == torch.int64
        frequencies = torch.bincount(draws.flatten(), minlength=len(factor.items)) / draws.numel()
        assert frequencies.tolist() == pytest.approx(factor.start["p"], abs=.01)


def test_log_prob_is_torchs():
    expected = {
        "normal": lambda x: td.Normal(torch.tensor([1., -20.]).double(), torch.tensor([.5, 3.]).double())
        .log_prob(x).sum(-1),
        "bounded": lambda x: td.Beta(torch.tensor([3., 85 / 24]).double(), torch.tensor([12., 17 / 8]).double())
        .log_prob((x - torch.tensor([0., -3.])) / torch.tensor([1., 8.])).sum(-1),
        "categorical": lambda x: td.Categorical(torch.tensor([.2, .3, .5]).double()).log_prob(x[..., 0]),
        "bernoulli": lambda x: td.Bernoulli(torch.tensor(.7).double()).log_prob(x[..., 0].double()),
        "lognormal": lambda x: td.LogNormal(*_log_moments(200., 150.)).log_prob(x[..., 0]),
    }
    for name, log_prob in expected.items():
        family, phi, draws = draws_of(FREE[name], 50)
        assert torch.allclose(family.log_prob(phi, draws), log_prob(draws), atol=1e-6), name


def _log_moments(mean, std):
    variance = math.log(1 + (std / mean) ** 2)
    return torch.tensor(math.log(mean) - variance / 2).double(), torch.tensor(math.sqrt(variance)).double()


@pytest.mark.parametrize("factor", **NAMED)
def test_score_is_the_derivative_of_log_prob_along_a_step(factor):
    family, phi, draws = draws_of(factor, 40)

    def log_prob(u):
        return family.log_prob(family.move(phi, u), draws)          # (K, count)

    expected = torch.autograd.functional.jacobian(log_prob, torch.zeros_like(phi))
    assert torch.allclose(family.score(phi, draws), expected, atol=1e-9)


@pytest.mark.parametrize("factor", **NAMED)
def test_score_has_mean_zero(factor):
    family, phi, draws = draws_of(factor, 100_000)
    assert family.score(phi, draws).sum(1).mean(0).abs().max() < .02


def _unchanging(family, phi):
    """The direction in which nothing changes: sqrt p."""
    root = phi.softmax(0).sqrt()
    return family.directions(phi).T @ root if family.factor.shared else root


@pytest.mark.parametrize("factor", FREE.values(), ids=FREE)
def test_score_is_white(factor):
    family, phi, draws = draws_of(factor, 200_000)
    score = family.score(phi, draws).sum(1)
    expected = torch.eye(len(phi), dtype=torch.float64)
    if factor.family in ("categorical", "integer"):
        root = _unchanging(family, phi)
        expected -= torch.outer(root, root)
    assert (score.T @ score / len(score) - expected).abs().max() < .04


def test_what_items_have_in_common_is_one_direction_that_is_named_by_items():
    factor = Factor("f", "categorical", items=tuple("abcdef"), start={"p": [.1, .1, .1, .2, .2, .3]},
                    shared=((0, 0, 0, 1, 1, 1), (0, 1, 2, 0, 1, 2)))
    psi = Psi.from_factors([factor])
    first = psi.step(.1 * torch.nn.functional.one_hot(torch.tensor(1), 6).double()).plain()["f"]["p"]
    change = np.log(first) - np.log(psi.plain()["f"]["p"])
    assert change == pytest.approx([change[0]] * 3 + [change[3]] * 3) and change[0] > 0 > change[3]
    u = torch.randn(6, dtype=torch.float64)
    directions = psi.families[0].directions(psi.phi)
    assert torch.allclose(directions.T @ directions, torch.eye(6, dtype=torch.float64), atol=1e-12)
    moved = np.log(psi.step(.01 * u).plain()["f"]["p"]) - np.log(psi.plain()["f"]["p"])
    by_item = .01 * psi.by_name(u).numpy() / np.sqrt(psi.plain()["f"]["p"])
    assert np.ptp(moved - by_item) == pytest.approx(0, abs=1e-9)
    assert psi.by_name(torch.ones(6), variances=True).tolist() == pytest.approx([1.] * 6)


@pytest.mark.parametrize("factor", CLIPPED.values(), ids=CLIPPED)
def test_clipping_only_takes_information_away(factor):
    family, phi, draws = draws_of(factor, 100_000)
    score = family.score(phi, draws).sum(1)
    assert torch.linalg.eigvalsh(score.T @ score / len(score)).max() < 1.02
    low, high = (torch.as_tensor(limit) for limit in (factor.low, factor.high))
    assert (draws >= low).all() and (draws <= high).all()
    at_low = (draws == low).double().mean((0, 1))
    log_q = family.log_prob(phi, low.expand(1, factor.count, -1))[0, 0]
    assert float(at_low.prod()) == pytest.approx(float(log_q.exp()), rel=.05)   # the point mass is the tail


@pytest.mark.parametrize("factor", FREE.values(), ids=FREE)
def test_kl_is_that_of_the_log_ratio_and_half_the_squared_step(factor):
    family, phi, draws = draws_of(factor, 100_000)
    u = torch.randn(len(phi), generator=torch.Generator().manual_seed(1), dtype=torch.float64) * .1
    if factor.family in ("categorical", "integer"):
        root = _unchanging(family, phi)
        u = u - (u @ root) * root
    moved = family.move(phi, u)
    kl = float(family.kl(phi, moved))
    assert kl == pytest.approx(float((family.log_prob(phi, draws) - family.log_prob(moved, draws)).sum(1).mean()),
                               abs=3e-3)
    small = u / 30
    assert float(family.kl(family.move(phi, small), phi)) == pytest.approx(float(small @ small) / 2, rel=.03)


def test_kl_grows_with_the_step():
    for factor in FREE.values():
        family = family_of(factor)
        phi = family.to_phi(factor.start)
        u = torch.linspace(-1, 1, len(phi), dtype=torch.float64) + .3
        divergences = [float(family.kl(family.move(phi, u * length), phi)) for length in (0., .1, .2, .4, .8)]
        assert divergences == sorted(divergences) and divergences[0] == pytest.approx(0, abs=1e-12)


def test_clipped_draws_have_no_pathwise_gradient():
    factor = CLIPPED["lognormal"]
    family = family_of(factor)
    u = torch.zeros(500, 2, dtype=torch.float64, requires_grad=True)
    with torch_seed(0):
        x = family.sample(family.move(family.to_phi(factor.start), u), 500)
    slope, = torch.autograd.grad(x[:, 0].sum(), u)
    clipped = (x[:, 0, 0] <= 80) | (x[:, 0, 0] >= 300)
    assert clipped.any() and not clipped.all()
    assert (slope[clipped] == 0).all() and (slope[~clipped][:, 0] > 0).all()


def test_bounded_draws_are_strictly_inside_and_scores_finite():
    factor = Factor("f", "bounded", 1, 1, **limits([0], [1]), start={"mean": [.5], "std": [.35]})
    family, phi, draws = draws_of(factor, 50_000)
    assert (draws > 0).all() and (draws < 1).all()
    assert family.score(phi, torch.tensor([0., 1.]).double().reshape(2, 1, 1)).isfinite().all()


def test_a_spread_too_wide_for_its_mean_becomes_the_widest():
    factor = Factor("f", "bounded", 1, 1, **limits([0], [10]), start={"mean": [1.], "std": [8.]})
    plain = family_of(factor).to_plain(family_of(factor).to_phi(factor.start))
    assert plain["mean"] == pytest.approx([1.]) and plain["std"] == pytest.approx([10 * math.sqrt(.09 / 6)])


@pytest.mark.parametrize("factor", **NAMED)
def test_absent_values_are_integrated_out(factor):
    family, phi, draws = draws_of(factor, 5)
    marked = draws.clone()
    marked[2, 0] = math.nan if factor.continuous else -1
    log_q, score = family.log_prob(phi, marked), family.score(phi, marked)
    assert log_q[2, 0] == 0 and (score[2, 0] == 0).all()
    keep = torch.ones_like(log_q, dtype=torch.bool)
    keep[2, 0] = False
    assert torch.equal(log_q[keep], family.log_prob(phi, draws)[keep])
    assert torch.equal(score[keep], family.score(phi, draws)[keep])


#: Of a log-normal: twice as wide, but from a factor of two on 1.3 times.
CEILING = {"normal": lambda std: 2 * std, "lognormal": lambda std: min(2 * std, max(math.log(2), 1.3 * std))}


@pytest.mark.parametrize("std, ceiling", [(.1, .2), (.5, math.log(2)), (.6, .78), (1., 1.3)])
def test_a_wide_log_normal_hardly_widens(std, ceiling):
    mean = math.exp(std ** 2 / 2)
    family = family_of(Factor("light", "lognormal", size=1, start={
        "mean": [mean], "std": [mean * math.sqrt(math.expm1(std ** 2))]}))
    wide = family.clamp(torch.tensor([0., 9.]).double())
    assert wide[1].exp().item() == pytest.approx(ceiling)


def test_clamp_keeps_floors_and_ceilings():
    bounds = Bounds()
    for name in ("normal", "lognormal", "bounded"):
        factor = FREE[name]
        family = family_of(factor, bounds)
        phi = family.to_phi(factor.start)
        assert torch.allclose(family.clamp(phi), phi)                # the start itself is inside
        for direction, of_start in ((-1e3, lambda std: .1 * std), (1e3, CEILING.get(name))):
            u = torch.tensor([0.] * factor.size + [direction] * factor.size).double()
            if name == "bounded":                                    # its coordinate is the concentration
                u = -u
            clamped = family.clamp(family.move(phi, u))
            if name == "bounded":
                m, k = clamped.chunk(2)
                assert (torch.minimum(m.sigmoid(), 1 - m.sigmoid()) * k.exp() >= bounds.concentration - 1e-9).all()
                continue
            expected = [of_start(std) for std in phi[factor.size:].exp().tolist()]
            assert clamped[factor.size:].exp().tolist() == pytest.approx(expected)
    clipped = family_of(CLIPPED["normal"])
    assert clipped.clamp(torch.tensor([9., -99., 0., 0.]).double())[:2].tolist() == [1.3, -18.]


def test_bounded_spread_keeps_its_floor():
    family = family_of(FREE["bounded"])
    phi = family.to_phi(FREE["bounded"].start)
    phi[2:] += 20
    assert family.to_plain(family.clamp(phi))["std"] == pytest.approx([.01, .15])


def test_probability_floors():
    factor = FREE["integer"]
    family = family_of(factor)
    p = family.clamp(torch.tensor([.9, .1 - 2e-9, 1e-9, 1e-9]).double().log()).softmax(0)
    assert p.tolist() == pytest.approx([.94 * .9, .94 * .1, .03, .03], rel=1e-6)
    tight = family.clamp(torch.tensor([.969, .0309, 1e-5, 1e-5]).double().log()).exp()
    assert float(tight.min()) >= .03 - 1e-12 and float(tight.sum()) == pytest.approx(1)
    assert Bounds().probability_floor(54) == pytest.approx(.3 / 54)
    on = family_of(FREE["bernoulli"]).clamp(torch.tensor([50.]).double())
    assert family_of(FREE["bernoulli"]).to_plain(on)["p"] == pytest.approx([.03, .97])


def test_make_gives_torchs_distribution():
    factor = FREE["lognormal"]
    assert float(make(factor, family_of(factor).to_phi(factor.start)).mean) == pytest.approx(200.)


@pytest.mark.parametrize("change, word", [
    ({"family": "cauchy"}, "cauchy"),
    ({"start": {}}, "mean"),
    ({"start": {"mean": [1.], "std": [0.]}}, "std"),
    ({"start": {"mean": [math.nan], "std": [1.]}}, "finite"),
    ({"start": {"mean": [1., 2.], "std": [1.]}}, "2 number"),
    ({"start": {"mean": ["much"], "std": [1.]}}, "numbers"),
    ({"family": "lognormal", "start": {"mean": [-1.], "std": [1.]}}, "above 0"),
    ({"low": np.array([3.]), "high": np.array([3.])}, "below"),
    ({"family": "bounded"}, "low"),
    ({"family": "bounded", "low": np.array([2.]), "high": np.array([3.])}, "between"),
    ({"family": "categorical", "items": ("a",), "start": {"p": [1.]}}, "two items"),
    ({"family": "categorical", "items": ("a", "b"), "start": {"p": [.9, .9]}}, "probabilities"),
    ({"family": "bernoulli", "items": ("a", "b", "c"), "start": {"p": [.2, .3, .5]}}, "exactly two"),
    ({"count": 0}, "at least one"),
])
def test_bad_factors_are_named(change, word):
    factor = Factor(**{"key": "Lamp", "family": "normal", "start": {"mean": [1.], "std": [1.]}, **change})
    with pytest.raises(InputError, match=word) as error:
        family = family_of(factor)
        family.to_phi(factor.start)
    assert "'Lamp'" in str(error.value) and str(error.value).endswith(".")
