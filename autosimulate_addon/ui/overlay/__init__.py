"""What is drawn into the viewport: pure shapes in ``geometry``, gpu calls in ``draw``."""
