"""One file per verb, callable without the command line."""
