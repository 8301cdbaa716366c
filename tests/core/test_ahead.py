"""What is rendered ahead is exactly what is asked for afterwards: nothing is thrown away, nothing is drawn anew."""

from importlib import util
from pathlib import Path

import pytest

from autosimulate_addon.core.render_file import digest

_spec = util.spec_from_file_location("helpers_loop", Path(__file__).with_name("helpers_loop.py"))
helpers = util.module_from_spec(_spec)
_spec.loader.exec_module(helpers)


class Ahead(helpers.Counting):
    """Remembers what was submitted and what was asked for."""

    def __init__(self):
        super().__init__()
        self.submitted, self.asked = [], []

    def submit(self, draws, keys):
        self.submitted += [(key, digest(draw)) for draw, key in zip(draws, keys, strict=True)]

    def render(self, draws, keys):
        self.asked += [(key, digest(draw)) for draw, key in zip(draws, keys, strict=True)]
        return super().render(draws, keys)


@pytest.mark.parametrize("method, ahead", [("autosimulate", True), ("match", True), ("lts", False)])
def test_what_is_submitted_is_asked_for(method, ahead):
    run = helpers.Run(helpers.small(method=method, control=False, iterations=4, epochs=1, ensemble_size=1, match=False),
                      simulator=Ahead())
    run.run()
    found = run.simulator
    later = [name for name in found.asked if name[0].iteration > 0]
    assert len(found.asked) == 4 * 4 and found.submitted == (later if ahead else [])
    if method == "autosimulate":        # (four images tell matching nothing)
        assert run.state.psi.plain() != run.state.start.plain()


def test_the_control_submits_what_the_run_does_not(tmp_path):
    """What lies on disk, from an earlier part of the run, is not submitted either."""
    first = helpers.Run(helpers.small(iterations=3, epochs=1, ensemble_size=1, match=False), tmp_path, Ahead())
    first.run()
    assert set(first.simulator.submitted) <= set(first.simulator.asked)
    again = helpers.Run(helpers.small(iterations=3, epochs=1, ensemble_size=1, match=False), tmp_path, Ahead())
    again.run()
    assert not again.simulator.submitted and not again.simulator.asked
