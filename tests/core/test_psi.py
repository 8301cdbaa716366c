"""psi as a whole."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core.psi import Psi
from autosimulate_addon.protocol import AutoSimulateError, Factor, InputError, SampleKey

torch.set_num_threads(1)

FACTORS = (
    Factor("location", "normal", 6, 2, start={"mean": [1., -2.], "std": [.5, 3.]}),
    Factor("energy", "lognormal", start={"mean": [200.], "std": [150.]}),
    Factor("angle", "bounded", 2, low=np.array([-1.]), high=np.array([2.]), start={"mean": [.3], "std": [.4]}),
    Factor("material", "categorical", 4, items=tuple("abc"), start={"p": [.2, .3, .5]}),
    Factor("visible", "bernoulli", 3, items=("off", "on"), start={"p": [.3, .7]}),
    Factor("fixed", "normal", start={"mean": [0.], "std": [1.]}, locked=True),
)


@pytest.fixture
def psi():
    return Psi.from_factors(FACTORS)


def keys(n, iteration=0):
    return [SampleKey(7, iteration, sample) for sample in range(n)]


def test_shapes_and_types_of_a_draw(psi):
    draw = psi.sample(SampleKey(0, 0, 0))
    for factor in FACTORS:
        assert draw[factor.key].shape == (factor.count, factor.size)
        assert draw[factor.key].dtype == (np.float64 if factor.continuous else np.int64)


def test_a_draw_depends_on_its_key_alone(psi):
    forwards = [psi.sample(key) for key in keys(8)]
    torch.manual_seed(1)
    backwards = [psi.sample(key) for key in reversed(keys(8))][::-1]
    alone = Psi.from_factors(FACTORS[1:2]).sample(keys(8)[3])
    for a, b in zip(forwards, backwards, strict=True):
        assert all(np.array_equal(a[key], b[key]) for key in a)
    assert np.array_equal(alone["energy"], forwards[3]["energy"])
    assert not np.array_equal(forwards[0]["energy"], forwards[1]["energy"])
    assert not np.array_equal(forwards[0]["energy"], psi.sample(SampleKey(7, 1, 0))["energy"])


def test_the_same_key_shares_its_noise_between_psi(psi):
    u = torch.zeros(psi.size)
    u[psi.slices["energy"].start] = 1.
    a, b = (p.sample(SampleKey(0, 0, 0)) for p in (psi, psi.step(u)))
    sigma = float(psi.phi_of("energy")[1].exp())
    assert np.log(b["energy"] / a["energy"]).item() == pytest.approx(sigma)
    assert np.array_equal(a["location"], b["location"])


def test_plain_and_flat_round_trips(psi):
    plain = psi.plain()
    assert set(plain["angle"]) == {"mean", "std"} and set(plain["visible"]) == {"p"}
    assert all(isinstance(value, float) for numbers in plain.values() for row in numbers.values() for value in row)
    again = Psi.from_plain(FACTORS, plain)
    assert torch.allclose(again.phi, psi.phi)
    assert torch.equal(psi.with_phi(psi.phi).phi, psi.phi)
    assert psi.phi.dtype == torch.float64
    with pytest.raises(ValueError):
        psi.with_phi(torch.zeros(3))


def test_coordinates_name_what_they_are(psi):
    assert psi.coordinates[:5] == ("location.mean", "location.mean", "location.std", "location.std", "energy.mean")
    assert [name.endswith(".std") for name in psi.coordinates] == psi.is_scale.tolist()
    assert psi.locked.tolist() == [name.startswith("fixed") for name in psi.coordinates]
    assert psi.size == len(psi.coordinates) == 4 + 2 + 2 + 3 + 1 + 2
    named = psi.named()
    assert list(named)[:5] == ["location.mean[0]", "location.mean[1]", "location.std[0]", "location.std[1]",
                               "energy.mean"]
    assert [name.partition("[")[0] for name in named] == list(psi.coordinates)
    assert [key for key, _ in named.values()] == [factor.key for factor in psi.factors
                                                  for _ in psi.phi_of(factor.key)]
    # Every number is that of its coordinate: it is the one that moves when the coordinate does.
    free = (~psi.locked).nonzero()[:, 0].tolist()
    for index in free:
        moved = psi.with_phi(psi.phi + 1e-3 * torch.nn.functional.one_hot(torch.tensor(index), psi.size)).named()
        changed = {name for name, (_, value) in moved.items() if value != named[name][1]}
        assert list(named)[index] in changed
        assert len({named[name][0] for name in changed}) == 1


def test_log_q_adds_up_over_factors(psi):
    draws = [psi.sample(key) for key in keys(5)]
    each = sum(psi.log_q(draws, [factor.key]) for factor in FACTORS)
    assert torch.allclose(psi.log_q(draws), each)
    stacked = {key: np.stack([draw[key] for draw in draws]) for key in draws[0]}
    assert torch.equal(psi.log_q(stacked), psi.log_q(draws))
    assert torch.equal(psi.log_q(draws, []), torch.zeros(5, dtype=torch.float64))


def test_score_of_values_adds_up_and_locked_factors_have_none(psi):
    draws = [psi.sample(key) for key in keys(5)]
    score = psi.score(draws)
    for factor in FACTORS:
        assert torch.allclose(psi.score_of_values(factor.key, draws).sum(1), score[:, psi.slices[factor.key]])
    assert (score[:, psi.locked] == 0).all() and score[:, ~psi.locked].abs().max() > 0
    only = psi.score(draws, ["energy"])
    assert torch.equal(only[:, psi.slices["energy"]], score[:, psi.slices["energy"]])
    assert int((only != 0).any(0).sum()) == 2


def test_step_has_the_kl_it_says_and_leaves_locked_factors(psi):
    score = psi.score([psi.sample(key) for key in keys(30)])
    u = score.mean(0)
    u = u / u.norm() * .05
    moved = psi.step(u)
    assert moved.kl(psi) == pytest.approx(.05 ** 2 / 2, rel=.05)
    divergences = [psi.step(u * length).kl(psi) for length in range(6)]
    assert divergences == sorted(divergences)
    far = psi.step(torch.full((psi.size,), 5.))
    assert torch.equal(far.phi_of("fixed"), psi.phi_of("fixed"))


def test_a_step_up_the_score_makes_the_draw_likelier(psi):
    draws = [psi.sample(key) for key in keys(1)]
    u = .1 * psi.score(draws)[0]
    assert psi.step(u).log_q(draws) > psi.log_q(draws)


def test_steps_do_not_depend_on_units():
    watts, milliwatts = (Psi.from_factors([Factor("e", "lognormal", start={"mean": [200. * x], "std": [150. * x]})])
                         for x in (1, 1000))
    u = torch.tensor([.4, -.2])
    a, b = watts.step(u).plain()["e"], milliwatts.step(u).plain()["e"]
    assert b["mean"][0] == pytest.approx(1000 * a["mean"][0]) and b["std"][0] == pytest.approx(1000 * a["std"][0])


@pytest.mark.parametrize("seed", range(4))
def test_a_long_random_walk_stays_usable(seed):
    """Large steps for ever: bounds hold, draws stay inside limits, scores and gradients finite."""
    factors = (*FACTORS, Factor("clipped", "lognormal", low=np.array([10.]), high=np.array([500.]),
                                start={"mean": [200.], "std": [150.]}))
    start = psi = Psi.from_factors(factors)
    g = torch.Generator().manual_seed(seed)
    drift = torch.randn(psi.size, generator=g)
    for iteration in range(150):
        psi = psi.step(.3 * drift + .6 * torch.randn(psi.size, generator=g))
        if iteration % 10:
            continue
        draws = [psi.sample(key) for key in keys(8, iteration)]
        assert all((draw["angle"] > -1).all() and (draw["angle"] < 2).all() for draw in draws)
        assert all((draw["clipped"] >= 10).all() and (draw["clipped"] <= 500).all() for draw in draws)
        assert psi.score(draws).isfinite().all() and psi.log_q(draws).isfinite().all()
        assert start.log_q(draws, ["angle", "clipped", "material"]).isfinite().all()
        fresh = psi.resample(["angle", "clipped", "energy"], 8, iteration)
        assert fresh.pathwise({key: torch.ones_like(draw) for key, draw in fresh.items()}).isfinite().all()
        plain = psi.plain()
        assert .05 - 1e-9 <= plain["location"]["std"][0] <= 1 + 1e-9
        assert min(plain["material"]["p"]) >= .03 - 1e-9 and min(plain["visible"]["p"]) >= .03 - 1e-9
        assert -1 < plain["angle"]["mean"][0] < 2 and plain["angle"]["std"][0] >= .04 - 1e-9


def test_resampling_is_keyed_and_follows_psi(psi):
    one, two = (psi.resample(["energy", "angle"], 5, seed=3) for _ in range(2))
    assert set(one) == {"energy", "angle"} and one["angle"].shape == (5, 2, 1)
    assert torch.equal(one["energy"], two["energy"])
    assert torch.equal(one["energy"], psi.resample(["energy"], 5, seed=3)["energy"])
    assert not torch.equal(one["energy"], psi.resample(["energy"], 5, seed=4)["energy"])
    discrete = psi.resample(["material"], 5, seed=0)
    assert discrete["material"].shape == (5, 4, 1) and discrete["material"].dtype == torch.int64
    assert (discrete.pathwise({"material": None}) == 0).all()


def test_pathwise_gradient_against_the_closed_form(psi):
    """E[x] of a log-normal is exp(mu + sigma^2 / 2); of a normal's square mu^2 + sigma^2; of a Beta its mean."""
    n = 100_000
    draws = psi.resample(["energy", "location", "angle"], n, seed=0)
    values = draws.leaves(torch.float64)
    total = values["energy"].sum() + values["location"].square().sum() + values["angle"].sum()
    gradients = dict(zip(values, torch.autograd.grad(total, list(values.values())), strict=True))
    estimate = draws.pathwise(gradients).mean(0)
    assert draws.pathwise(gradients).shape == (n, psi.size)

    def expectation(u):
        location, energy, angle = (family.move(psi.phi_of(key), u[psi.slices[key]])
                                   for key, family in zip(psi.slices, psi.families[:3], strict=False))
        mean = torch.exp(energy[0] + energy[1].mul(2).exp() / 2)
        square = 6 * (location[:2] ** 2 + (2 * location[2:]).exp()).sum()
        return mean + square + 2 * (-1 + 3 * angle[0].sigmoid())

    exact = torch.autograd.functional.jacobian(expectation, torch.zeros(psi.size, dtype=torch.float64))
    assert estimate.tolist() == pytest.approx(exact.tolist(), rel=.05, abs=.02)


def test_pathwise_and_score_function_agree(psi):
    """The same gradient of E[f] both ways, in the same coordinates."""
    n = 100_000
    draws = psi.resample(["angle"], n, seed=1)
    values = draws.leaves(torch.float64)
    f = (3 * values["angle"]).sin().sum((1, 2))
    gradients = dict(zip(values, torch.autograd.grad(f.sum(), list(values.values())), strict=True))
    pathwise = draws.pathwise(gradients).mean(0)[psi.slices["angle"]]
    score = psi.score({factor.key: values.get(factor.key, torch.zeros(n, factor.count, factor.size))
                       for factor in FACTORS}, ["angle"])[:, psi.slices["angle"]]
    score_function = (score * (f - f.mean()).detach()[:, None]).mean(0)
    assert pathwise.tolist() == pytest.approx(score_function.tolist(), abs=.02)


def test_pathwise_in_parts_is_pathwise_at_once(psi):
    draws = psi.resample(["energy", "angle"], 6, seed=2)
    gradients = {key: torch.randn(draw.shape) for key, draw in draws.items()}
    parts = sum(draws.pathwise({key: gradient}) for key, gradient in gradients.items())
    assert torch.allclose(parts, draws.pathwise(gradients))


def test_average_is_geometric_for_scales(psi):
    u = torch.zeros(psi.size)
    u[psi.slices["location"]] = torch.tensor([1., 0., 1., 0.])
    up, down = psi.step(u), psi.step(-u)
    assert torch.allclose(Psi.average([up, down]).phi, psi.phi)
    assert torch.allclose(Psi.average([up]).phi, up.phi)


def test_average_of_probabilities_is_one_of_probabilities(psi):
    psis = [psi.step(torch.randn(psi.size, generator=torch.Generator().manual_seed(i)) * .5) for i in range(4)]
    assert sum(Psi.average(psis).plain()["material"]["p"]) == pytest.approx(1)


def test_start_is_floored_but_what_is_read_is_not():
    factor = Factor("m", "categorical", items=tuple("ab"), start={"p": [1., 0.]})
    assert Psi.from_factors([factor]).plain()["m"]["p"] == pytest.approx([.97, .03])
    assert Psi.from_plain([factor], {"m": {"p": [.99, .01]}}).plain()["m"]["p"] == pytest.approx([.99, .01])
    locked = Factor("m", "categorical", items=tuple("ab"), start={"p": [1., 0.]}, locked=True)
    assert Psi.from_factors([locked]).plain()["m"]["p"] == pytest.approx([1., 0.], abs=1e-8)


def test_bad_psi_is_named(psi):
    with pytest.raises(InputError, match="'energy'"):
        Psi.from_plain(FACTORS, {key: numbers for key, numbers in psi.plain().items() if key != "energy"})
    with pytest.raises(InputError, match="unique"):
        Psi.from_factors(FACTORS + FACTORS[:1])


def test_psi_that_is_not_finite_is_refused(psi):
    with pytest.raises(AutoSimulateError, match="finite"):
        psi.step(torch.full((psi.size,), float("nan")))


def test_no_factors_is_a_psi_too():
    psi = Psi.from_factors([])
    assert psi.size == 0 and psi.plain() == {} and psi.sample(SampleKey(0, 0, 0)) == {}
    assert psi.step(torch.zeros(0)).kl(psi) == 0
