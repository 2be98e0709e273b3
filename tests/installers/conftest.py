"""The installer is a script with its parts beside it: its folder is made known as a start of it would."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "installers"))
