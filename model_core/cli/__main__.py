"""``python -m model_core.cli``."""

from model_core.cli import main

if __name__ == "__main__":
    main()
