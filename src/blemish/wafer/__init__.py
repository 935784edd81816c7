"""The wafer in the picture: its outline."""
