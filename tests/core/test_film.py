"""Relighting and the film."""

import numpy as np
import pytest
import torch

from autosimulate_addon.core import film
from autosimulate_addon.protocol import Driver, Layer, Render, SampleKey

torch.set_num_threads(1)

LAYERS = (Layer("key", (Driver("energy", 0),)), Layer("sky", (Driver("colour"), Driver("energy", 1))), Layer("rest"))
B, H, W = 3, 10, 12


@pytest.fixture
def light():
    """Layers and what they were rendered with."""
    g = torch.Generator().manual_seed(0)
    layers = (torch.rand(B, 3, H, W, 3, generator=g) * .3).half()
    return layers, torch.rand(B, 3, 3, generator=g) + .5


def driver_values(n, seed=1):
    g = torch.Generator().manual_seed(seed)
    return {"energy": torch.rand(n, 2, 1, generator=g) + .5, "colour": torch.rand(n, 1, 3, generator=g) + .5}


def encode(x):
    """sRGB, from its definition."""
    x = np.clip(x, 0, 1)
    return np.where(x <= .0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - .055)


def test_without_film_the_image_is_the_layers_sum_in_srgb(light):
    layers, reference = light
    image = film.develop(layers, reference, LAYERS, {})
    expected = encode(layers.double().sum(1).numpy()).transpose(0, 3, 1, 2)
    assert image.shape == (B, 3, H, W) and image.dtype == torch.float32
    assert np.allclose(image, expected, atol=1e-6)


def test_gain_mix_is_exact(light):
    layers, reference = light
    values = driver_values(B)
    image = film.develop(layers, reference, LAYERS, values)
    energy, colour, x = values["energy"].double(), values["colour"].double(), layers.double()
    gain = torch.stack([energy[:, 0].expand(-1, 3), energy[:, 1] * colour[:, 0], torch.ones(B, 3)], 1)
    gain[:, :2] /= reference[:, :2]
    expected = encode((x * gain[:, :, None, None]).sum(1).numpy()).transpose(0, 3, 1, 2)
    assert np.allclose(image, expected, atol=2e-6)


def test_the_rendered_values_give_the_rendered_image(light):
    layers, _ = light
    values = driver_values(B)
    energy, colour = values["energy"], values["colour"]
    reference = torch.stack([energy[:, 0].expand(-1, 3), energy[:, 1] * colour[:, 0], torch.full((B, 3), 7.)], 1)
    assert torch.allclose(film.develop(layers, reference, LAYERS, values),
                          film.develop(layers, reference, LAYERS, {}), atol=1e-6)


def test_relights_of_a_render_come_one_after_the_other(light):
    layers, reference = light
    values = {**driver_values(B * 4), film.EXPOSURE: torch.randn(B * 4, 1, 1),
              film.NOISE: torch.full((B * 4, 1, 1), .1)}
    seeds = film.noise_seeds(3, B * 4)
    together = film.develop(layers, reference, LAYERS, values, seeds, relights=4)
    own = {key: value[6:7] for key, value in values.items()}
    one = film.develop(layers[1:2], reference[1:2], LAYERS, own, seeds[6:7])
    assert torch.allclose(together[6:7], one, atol=1e-6)


def test_drivers_of_a_layer_come_together_or_not_at_all(light):
    with pytest.raises(ValueError, match="sky"):
        film.develop(*light, LAYERS, {"colour": torch.ones(B, 1, 3)})


def test_alpha_of_a_colour_is_not_light(light):
    values = driver_values(B)
    with_alpha = {**values, "colour": torch.cat([values["colour"], torch.full((B, 1, 1), 9.)], -1)}
    assert torch.equal(film.develop(*light, LAYERS, values), film.develop(*light, LAYERS, with_alpha))


def test_film_at_rest_changes_nothing(light):
    at_rest = {film.EXPOSURE: torch.zeros(B, 1, 1), film.WHITE_BALANCE: torch.zeros(B, 1, 2),
               film.BLUR: torch.zeros(B, 1, 1), film.CONTRAST: torch.zeros(B, 1, 1), film.NOISE: torch.zeros(B, 1, 1)}
    assert torch.allclose(film.develop(*light, LAYERS, at_rest, [0] * B), film.develop(*light, LAYERS, {}), atol=1e-6)


def test_exposure_and_white_balance_act_on_light(light):
    layers, reference = light
    values = {film.EXPOSURE: torch.full((B, 1, 1), -1.), film.WHITE_BALANCE: torch.tensor([[[1., -2.]]] * B)}
    expected = encode(layers.double().sum(1).numpy() * .5 * [2, 1, .25]).transpose(0, 3, 1, 2)
    assert np.allclose(film.develop(layers, reference, LAYERS, values), expected, atol=1e-6)


def test_contrast_acts_on_display_values(light):
    plain = film.develop(*light, LAYERS, {})
    assert torch.allclose(film.develop(*light, LAYERS, {film.CONTRAST: torch.ones(B, 1, 1)}), plain ** 2, atol=1e-6)


def test_blur_is_a_gaussian_of_its_width():
    point = torch.zeros(2, 3, 41, 41)
    point[..., 20, 20] = 1
    image = film.blur(point, torch.tensor([1., 3.]))
    assert image.sum((2, 3)).flatten().tolist() == pytest.approx([1.] * 6, abs=1e-5)
    offset = torch.arange(41) - 20.
    for blurred, sigma in zip(image[:, 0], (1., 3.), strict=True):
        for axis in (0, 1):
            assert float((blurred.sum(axis) * offset ** 2).sum()) ** .5 == pytest.approx(sigma, rel=.02)
    flat = film.blur(torch.full((1, 3, 5, 6), .3), torch.tensor([4.]))
    assert torch.allclose(flat, torch.full_like(flat, .3))            # edges do not darken


def test_noise_is_fixed_by_its_seed(light):
    values = {film.NOISE: torch.full((B, 1, 1), .05)}
    plain = film.develop(*light, LAYERS, {})
    a, b = (film.develop(*light, LAYERS, values, [1, 2, 3]) for _ in range(2))
    assert torch.equal(a, b)
    alone = film.develop(*(part[1:2] for part in light), LAYERS, {film.NOISE: values[film.NOISE][:1]}, [2])
    assert torch.equal(alone, a[1:2])
    assert not torch.equal(film.develop(*light, LAYERS, values, [4, 5, 6]), a)
    inside = (a > 0) & (a < 1)
    assert float((a - plain)[inside].std()) == pytest.approx(.05, rel=.1)
    with pytest.raises(ValueError, match="seeds"):
        film.develop(*light, LAYERS, values)
    assert len(set(film.noise_seeds(0, 50) + film.noise_seeds(1, 50))) == 100


def test_gradient_against_finite_differences(light):
    """Of a smooth function of the image in every value: drivers and the whole film."""
    layers, reference = light[0].double(), light[1]
    values = {**driver_values(B), film.EXPOSURE: torch.full((B, 1, 1), .2),
              film.WHITE_BALANCE: torch.full((B, 1, 2), -.3),
              film.BLUR: torch.full((B, 1, 1), .8), film.CONTRAST: torch.full((B, 1, 1), .25),
              film.NOISE: torch.full((B, 1, 1), .03)}
    probe = torch.randn(B, 3, H, W, generator=torch.Generator().manual_seed(5))

    def f(values):
        # in one number per image, so that one finite difference tests all images
        return (film.develop(layers, reference, LAYERS, values, [0, 1, 2]) * probe).double().sum((1, 2, 3))

    leaves = {key: value.clone().requires_grad_() for key, value in values.items()}
    gradients = dict(zip(leaves, torch.autograd.grad(f(leaves).sum(), list(leaves.values())), strict=True))
    step = 1e-3
    for key, value in values.items():
        for element in range(value[0].numel()):
            ends = []
            for sign in (1, -1):
                moved = value.clone()
                moved.view(B, -1)[:, element] += sign * step
                ends.append(f({**values, key: moved}))
            numeric = (ends[0] - ends[1]) / (2 * step)
            analytic = gradients[key].view(B, -1)[:, element]
            assert analytic.tolist() == pytest.approx(numeric.tolist(), rel=.02, abs=.02), key


def test_clipped_and_black_pixels_have_clean_gradients():
    layers = torch.zeros(1, 1, 2, 2, 3)
    layers[0, 0, 0, 0] = 5.                                            # burnt out, the others black
    start = {"energy": 1., film.CONTRAST: -.5, film.EXPOSURE: 0., film.BLUR: 0.}
    leaf = {key: torch.full((1, 1, 1), value).requires_grad_() for key, value in start.items()}
    image = film.develop(layers, torch.ones(1, 1, 3), (Layer("key", (Driver("energy"),)),), leaf)
    gradients = torch.autograd.grad(image.sum(), list(leaf.values()))
    assert all(gradient.isfinite().all() and abs(float(gradient.sum())) < 1e-3 for gradient in gradients)
    assert image.max() <= 1 and image[0, :, 0, 0].min() > 1 - 1e-6 and 0 <= image[0, :, 1, 1].max() < 1e-6


def test_uint8_of_one_render():
    layers = np.random.default_rng(0).random((3, H, W, 3)).astype(np.float16) / 3
    draw = {"energy": np.array([[2.], [3.]]), "colour": np.ones((1, 3)), "bounces": np.array([[1]])}
    reference = np.array([[2.] * 3, [3.] * 3, [1.] * 3], np.float32)
    nothing = np.zeros((H, W))
    render = Render(SampleKey(0, 0, 0), draw, layers, reference, nothing.astype(np.uint8), nothing.astype(np.uint16))
    plain = film.develop_uint8(render)
    assert plain.shape == (H, W, 3) and plain.dtype == np.uint8
    assert np.abs(plain - np.round(255 * encode(layers.astype(float).sum(0)))).max() <= 1
    brighter = film.develop_uint8(render, {"energy": np.array([[4.], [6.]])}, LAYERS)
    expected = encode(layers[:2].astype(float).sum(0) * 2 + layers[2].astype(float))
    assert np.abs(brighter - np.round(255 * expected)).max() <= 1
    dark = film.develop_uint8(render, {film.EXPOSURE: np.array([[-20.]])})
    assert dark.max() == 0
    own_film = Render(**{**render.__dict__, "draw": {**draw, film.NOISE: np.array([[.1]])}})
    assert np.array_equal(film.develop_uint8(own_film), film.develop_uint8(own_film))
    assert not np.array_equal(film.develop_uint8(own_film), plain)
