"""How much is held out to validate on, and by which draw, unless somebody says otherwise."""

HELD_SHARE = 0.2  # of the pictures
SEED = 0
