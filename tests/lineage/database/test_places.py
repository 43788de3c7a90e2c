"""Where no database can be is said in a sentence before SQLite is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage.database.soundness import require_place
from lineage.errors import StoreUnusable


def test_a_folder_that_cannot_be_entered_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tests as root enters every folder, so the system's refusal is played."""

    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refuse)

    with pytest.raises(StoreUnusable, match="give this user the right"):
        require_place(Path("/locked/headwater.db"))
