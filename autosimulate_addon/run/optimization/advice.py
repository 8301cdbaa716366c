"""What a run says while it can still be stopped: that what it asks knows too little to be asked."""

from __future__ import annotations

from ...protocol.events import Iteration
from ..config import RunConfig

#: A network trained from nothing is given this number of iterations.
GIVEN = 2
#: Of the validation metric: below, next to nothing is found.
NEXT_TO_NOTHING = 0.02


def little_found(record: Iteration, config: RunConfig, metric: str) -> str:
    """A sentence where the small network, after its first iterations, finds next to nothing in the validation images:
    what it says of psi is then about itself. "" elsewhere."""
    small = config.learner == "network" and config.network == "unet"
    if not small or record.iteration != GIVEN - 1 or not record.val_metric < NEXT_TO_NOTHING:
        return ""
    return (f"The network finds next to nothing in the validation images ({metric} {100 * record.val_metric:.1f} % "
            f"after {GIVEN} iterations), so that it has little to say of the distributions. On photographs the learner "
            "Head on Frozen Features (--learner head) with the objective Calibrated Loss (--objective calibrated) "
            "learns from far fewer renders.")
