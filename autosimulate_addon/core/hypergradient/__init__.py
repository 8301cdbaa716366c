"""The hypergradient of the validation loss with respect to psi (Behl et al., ECCV 2020, section 3)."""
