"""Random search: uniform draws of psi."""

from ..randomness import derive_seed
from .black_box import BlackBoxSearch, uniform


class RandomSearch(BlackBoxSearch):
    """Trials spread evenly over the box (Bergstra and Bengio, 2012)."""

    def propose(self) -> list[float]:
        return uniform(self.start.size, derive_seed(self.seed, "random", len(self.points))).tolist()
