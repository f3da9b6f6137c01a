"""`python -m edgecheck`."""

from edgecheck.cli.main import main

if __name__ == "__main__":
    main()
