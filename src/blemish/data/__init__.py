"""Files in, values out."""
