"""`python -m connector.cli`: the console script by its module, for programs that start it."""

from connector.cli import main

if __name__ == "__main__":
    main()
