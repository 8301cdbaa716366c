"""What is learnable in a scene: marks, states, classes, and psi as custom properties."""
