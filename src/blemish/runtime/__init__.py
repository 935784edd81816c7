"""Finding: a bundle, an engine, one road from pixels to finds; no torch."""
