"""The words that marks are written in: families of distributions and factors of the film, each declared here once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FamilyWords:
    """A family of distributions as files (its key), code and the window name it."""

    label: str
    continuous: bool        # over the real line or an interval; else over ``Factor.items``
    icon: str               # Blender's name of the picture that stands for it in a list
    help: str


@dataclass(frozen=True)
class FilmFactor:
    """Something that happens to the image after rendering. The numbers are the default start of every component."""

    size: int               # components
    unit: str
    family: str
    mean: float
    std: float
    low: float
    high: float
    label: str
    help: str
    components: tuple[str, ...] = ()    # what each is called, where there are several


FAMILIES: dict[str, FamilyWords] = {
    "normal": FamilyWords("Normal", True, "SMOOTHCURVE",
                          "Bell curve, for quantities without natural limits such as places"),
    "lognormal": FamilyWords("Log-Normal", True, "SHARPCURVE",
                             "Strictly positive, with factors rather than differences, as for light energies"),
    "bounded": FamilyWords("Bounded", True, "NOCURVE",
                           "Scaled beta distribution between two limits; uniform when wide"),
    "integer": FamilyWords("Integer", False, "LINENUMBERS_ON",
                           "One of the listed whole numbers, each with its own probability"),
    "bernoulli": FamilyWords("On or Off", False, "CHECKBOX_HLT", "On with a learned probability"),
    "categorical": FamilyWords("Choice", False, "PRESET",
                               "One of the listed choices, each with its own probability"),
}

#: By name. Exposure in stops; white balance: log2 gain of red and of blue; noise: standard deviation
#: in display units 0..1; blur: standard deviation of a Gaussian in pixels; contrast: log2 of a display gamma.
FILM: dict[str, FilmFactor] = {
    "exposure": FilmFactor(1, "stops", "normal", 0.0, 0.7, -3.0, 3.0, "Exposure",
                           "How brightly the picture is exposed, in stops"),
    "white_balance": FilmFactor(2, "stops", "normal", 0.0, 0.2, -1.0, 1.0, "White Balance",
                                "Tint of the picture: gain of red and of blue, in stops", ("red", "blue")),
    "noise": FilmFactor(1, "", "lognormal", 0.02, 0.02, 0.0, 0.2, "Sensor Noise", "Grain of the camera's sensor"),
    "blur": FilmFactor(1, "px", "lognormal", 0.6, 0.5, 0.0, 4.0, "Blur", "Softness of the picture, in pixels"),
    "contrast": FilmFactor(1, "", "normal", 0.0, 0.2, -1.0, 1.0, "Contrast", "Contrast of the picture"),
}

_FILM_PREFIX = "film:"


def film_key(name: str) -> str:
    """The name of a mark, and the key of a factor, that stand for a film factor."""
    return _FILM_PREFIX + name


def film_name(key: str) -> str:
    """The film factor that ``key`` stands for; "" where it is the key of something else."""
    return key.removeprefix(_FILM_PREFIX) if key.startswith(_FILM_PREFIX) else ""


#: Colours given to classes in turn (sRGB bytes), told apart also by most colour-blind people (Okabe and Ito 2008).
CLASS_COLORS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0),
                (204, 121, 167))
