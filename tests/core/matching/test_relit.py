"""Lights and film moved until renders look like photographs: they find another film, and stay where it is the same."""

import pytest
import torch
from torch.nn import functional as F

from autosimulate_addon.core.film import view_transform
from autosimulate_addon.core.matching.looks import LOOKS, energy_distances, looks
from autosimulate_addon.core.matching.relit import match_looks
from autosimulate_addon.core.psi import Psi
from autosimulate_addon.core.renders import RenderStore
from autosimulate_addon.core.standin import StandIn, start_wide
from autosimulate_addon.protocol import Factor, SampleKey

COUNT = 64
WIDE = {"film:exposure": ([0.0], [1.2]), "film:blur": ([1.2], [1.0]), "film:noise": ([0.05], [0.04]),
        "film:white_balance": ([0.0, 0.0], [0.4, 0.4])}
OTHER = {"film:exposure": ([0.7], [0.5]), "film:blur": ([0.5], [0.4]), "film:noise": ([0.01], [0.004]),
         "film:white_balance": ([-0.2, 0.1], [0.15, 0.15])}


def rendered(film, seed, count=COUNT):
    """(store, psi) of the stand-in's scenes under lights of little spread, which a film finishes."""
    simulator = StandIn(start_wide)
    plain = {factor.key: factor.start for factor in simulator.factors}
    for key in ("key_energy", "fill_energy", "back_energy"):
        plain[key] = {"mean": plain[key]["mean"], "std": [0.1 * plain[key]["mean"][0]]}
    low = {"film:blur": 0.0, "film:noise": 0.0}
    factors = [*simulator.factors, *(Factor(key, "normal", low=low.get(key), size=len(mean), start={
        "mean": mean, "std": std}) for key, (mean, std) in film.items())]
    psi = Psi.from_plain(factors, plain | {key: {"mean": mean, "std": std} for key, (mean, std) in film.items()})
    keys = [SampleKey(seed, 0, k) for k in range(count)]
    draws = [psi.sample(key) for key in keys]
    store = RenderStore(factors, simulator.layers)
    own = [{key: draw[key] for key in (factor.key for factor in simulator.factors)} for draw in draws]
    renders = [type(render)(**{**vars(render), "draw": draw})
               for render, draw in zip(simulator.render(own, keys), draws, strict=True)]
    store.add(renders, psi)
    return store, psi


def photographs(film, count=40):
    return rendered(film, 99, count)[0].images(torch.arange(count), None, list(range(count)))


def test_what_an_image_looks_like():
    grey = view_transform(torch.full((1, 3, 16, 16), 0.25))
    flat = dict(zip(LOOKS, looks(grey)[0].tolist(), strict=True))
    assert flat["brightness"] == pytest.approx(torch.log(torch.tensor(0.251)).item(), abs=1e-3)
    assert flat["shadows"] == pytest.approx(flat["highlights"])
    assert flat["red"] == flat["blue"] == pytest.approx(0.0, abs=1e-6)
    noisy = grey + 0.05 * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    lines = grey.clone()
    lines[..., ::2] += 0.2                                                      # edges are no grain
    assert looks(noisy)[0, LOOKS.index("grain")] > flat["grain"] + 2
    assert looks(lines)[0, LOOKS.index("grain")] == pytest.approx(flat["grain"], abs=1e-3)
    assert looks(lines)[0, LOOKS.index("sharpness of 1 pixel")] > flat["sharpness of 1 pixel"] + 2
    texture = grey.clone()
    texture[..., 8:] = noisy[..., 8:]                                           # neither is what covers a part
    assert looks(texture)[0, LOOKS.index("grain")] == pytest.approx(flat["grain"], abs=1e-3)
    lines[..., ::2] += 0.2                                                      # twice the contrast, as sharp
    assert looks(lines)[0, LOOKS.index("sharpness of 1 pixel")] == pytest.approx(
        looks(lines - 0.1)[0, LOOKS.index("sharpness of 1 pixel")].item(), abs=1e-3)


def test_how_much_of_an_image_is_plain_says_nothing_of_how_sharp_it_is():
    """Three small things on a plain table against a table that is full of them."""
    def scene(things):
        image = torch.full((1, 3, 160, 160), 0.8)
        for place in things:
            y, x = 20 * (place // 8) + 3, 20 * (place % 8) + 5
            image[..., y:y + 9, x:x + 9] = 0.2
        return image

    def sharpness(image):
        return looks(image)[0, LOOKS.index("sharpness of 1 pixel")].item()

    few, many = scene((10, 29, 51)), scene(range(64))
    blurred = F.avg_pool2d(few, 5, 1, 2, count_include_pad=False)
    assert sharpness(few) == pytest.approx(sharpness(many), abs=0.35) and sharpness(blurred) < sharpness(many) - 0.4


def test_the_energy_distance_of_normals():
    # of N(0, 1) and N(m, 1): 2 E|N(m, 2)| - 2 E|N(0, 2)|
    generator = torch.Generator().manual_seed(1)
    one, two = torch.randn(4000, 1, generator=generator), 1.5 + torch.randn(3000, 1, generator=generator)
    spread, m = 2 ** 0.5, torch.tensor(1.5)
    folded = spread * (2 / torch.pi) ** 0.5 * torch.exp(-m ** 2 / 4) + m * torch.erf(m / 2)
    expected = 2 * folded - 2 * spread * (2 / torch.pi) ** 0.5
    assert energy_distances(one, two).item() == pytest.approx(expected.item(), abs=0.1)
    assert energy_distances(one[:2000], one[2000:]).item() == pytest.approx(0.0, abs=0.005)


def test_another_film_is_found_without_a_render():
    store, psi = rendered(WIDE, 1)
    done: list[float] = []
    found = match_looks(store, psi, photographs(OTHER), 0.1, 3, done.append)
    assert done == sorted(done) and done[0] == 0.0 and 0.1 < done[-1] < 1.0         # what a progress bar goes by
    assert found.after.sum() < 0.2 * found.before.sum()
    plain, start = found.psi.plain(), psi.plain()
    for key in ("film:exposure", "film:blur"):
        (mean,), (std,) = OTHER[key]
        was, now = (abs(each[key]["mean"][0] - mean) for each in (start, plain))
        assert now < 0.5 * was
        if key == "film:exposure":      # images of so few pixels are too grainy to tell how much their sharpness varies
            assert abs(plain[key]["std"][0] - std) < 0.6 * abs(start[key]["std"][0] - std)
    assert torch.equal(found.psi.phi_of("location"), psi.phi_of("location"))
    held = match_looks(store, psi, photographs(OTHER), 0.5, 3).psi.plain()
    assert all(now > 0.499 * was for key in OTHER for now, was in zip(held[key]["std"], start[key]["std"], strict=True))


def test_the_same_film_stays():
    store, psi = rendered(OTHER, 1)
    found = match_looks(store, psi, photographs(OTHER), 0.1, 3)
    assert found.psi.kl(psi) < 0.5


def test_a_scene_without_noise_or_without_any_film_has_looks_all_the_same():
    bright = {"film:exposure": ([0.7], [0.5])}
    store, psi = rendered({"film:exposure": ([0.0], [1.2])}, 1)
    found = match_looks(store, psi, photographs(bright), 0.1, 3)
    assert abs(found.psi.plain()["film:exposure"]["mean"][0] - 0.7) < 0.35
    assert torch.equal(found.psi.phi_of("location"), psi.phi_of("location"))
