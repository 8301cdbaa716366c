"""What a run says of how sure its hypergradient is."""

from autosimulate_addon.run.report.agreement import sentence

AGREEMENT = {"renders": 0.712, "photographs": -0.1, "intervals": {"a": [0.1, 0.2], "b": [-0.3, 0.1]}}


def test_a_line_says_what_halves_agree_on_and_what_it_would_take():
    assert sentence({"effective": 24.0}) == ""
    heard = sentence({"agreement": AGREEMENT, "effective": 24.0, "heard": 1, "renders_needed": 700})
    assert "to 0.71" in heard and "to -0.10" in heard and "1 of 2 intervals" in heard and "700" not in heard
    quiet = sentence({"agreement": AGREEMENT, "effective": 24.2, "heard": 0, "renders_needed": 700})
    assert "24 renders, and psi stays" in quiet and "with 700." in quiet
