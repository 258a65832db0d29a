"""Puts the tests' own shared modules within reach, also where this folder alone is run."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
