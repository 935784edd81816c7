"""The command line, by `python -m blemish.cli`."""

from blemish.cli import main

if __name__ == "__main__":
    main()
