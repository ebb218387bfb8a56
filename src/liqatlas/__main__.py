"""``python -m liqatlas`` is the command line."""

from liqatlas.cli.main import main

if __name__ == "__main__":
    main()
