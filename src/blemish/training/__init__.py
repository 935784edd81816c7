"""Batches, augmentation, the loop and its checkpoints."""
