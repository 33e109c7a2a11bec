"""`advisor`, and `python -m agent`."""

import sys


def main() -> None:
    try:
        from agent.cli import main as run
    except KeyboardInterrupt:  # it takes a moment to import
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
