"""``SampleKey.iteration`` of images that belong to no iteration: far beyond any, so that no two jobs share a draw."""

PREVIEW = 1_000_000_001
GENERATE = 1_000_000_002
DEMO_VALIDATION = 1_000_000_003
DEMO_TEST = 1_000_000_004
UNSEEN = 1_000_000_005     # and the next few
