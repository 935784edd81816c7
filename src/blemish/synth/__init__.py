"""Pictures with known answers, drawn from physics."""
