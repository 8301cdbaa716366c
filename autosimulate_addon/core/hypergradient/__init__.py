"""The hypergradient: how the validation loss of a trained network changes with psi, without training it again.

    Outer problem   min_psi L_val(theta*(psi))
    Inner problem   theta*(psi) = argmin_theta E_{s ~ q_psi} l(r(s), theta)

Implicit function theorem. At theta* the inner gradient E_q[grad l] is 0 for every psi. Differentiating that by psi
gives H dtheta*/dpsi + d/dpsi E_q[grad l] = 0 with H = E_q[grad^2 l]. With v = H^-1 g_val and w(s) = v . grad l(r(s)),

    dL_val/dpsi = g_val' dtheta*/dpsi = -g_val' H^-1 d/dpsi E_q[grad l] = -d/dpsi E_q[w(s)]        (theta and v held)

L_val is to fall, so psi ASCENDS E_q[w]: a draw whose gradient agrees with v is one that lowers L_val when trained on.

Score function, for factors that need a render (places, materials, samples):

    d/dpsi E_q[w] = E_q[w grad_psi log q_psi(s)],   estimated by sum_k a_k (w_k - b_k) grad_psi log q_psi(s_k)

with a_k summing to 1. E grad log q = 0, so a baseline b_k that does not depend on s_k, here the mean of the others
(leave-one-out), leaves the estimate unbiased.

Pathwise, for continuous factors that act after rendering (light energies, the film): the image is differentiable in s,
and s = s(u, noise) in psi's whitened coordinates u, so that

    d/du E_q[w] = E[dw/ds ds/du]

Why the two may be added: q is a product over factors, each with its own columns of psi. Either estimator fills the
columns of its own factors and leaves 0 in the others'; their sum is a concatenation.

What the approximations leave out (Table 1 of the paper; C is H or its Gauss-Newton part):

    quadratic               v = (C + lambda I)^-1 g_val    damping and few CG iterations shrink flat directions
    approximate-quadratic   v = C g_val                    not an inverse: weighs steep directions most
    linear                  v = g_val                      no curvature: H = I
    no-validation           v = 1                          no validation loss either (Neural-Sim's reading): a control

Away from theta* (a network that has not converged) all of them are approximations.

Bias, taken on for less variance; each can be switched off in ``EstimatorOptions`` but the first:

    self-normalised weights   a ratio of means, of bias O(1/n); past renders serve by the balance heuristic of Veach
    truncation                large importance weights are cut: rare draws count too little
    clip                      outlying w and slopes are cut: tails count too little
    relative                  w / (l + floor): the derivative of log(l + floor) along v, another objective than l
    object_credit             an object is credited with its own pixels, not with its shadow on others'
    objective                 "soft-miou": L_val gains a soft mIoU, which no training loss has. "calibrated" is no bias:
                              L_val is then the least loss over recalibrations, whose gradient is that at the best one
                              with it held (envelope theorem)
    control_variates          the multiples are fitted to the same draws, of bias O(1/n)

The map: validation (g_val), curvature (C), direction (v), directional_derivative (w), pathwise (w under redrawn lights,
dw/du), replay (which renders), credit (score terms), estimate (all of it in order).

Behl, Baydin, Gal, Torr, Vineet: AutoSimulate, ECCV 2020. Pearlmutter 1994 and Schraudolph 2002 (curvature products),
Hestenes and Stiefel 1952 (CG), Veach 1997 (balance heuristic), Williams 1992 (score function), Rahman and Wang, ISVC
2016 (soft IoU), Guo et al., ICML 2017 (calibration). Neural-Sim: Ge et al., ECCV 2022.
"""
