"""Settings from variables and from files."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from adaptive.environment import Environment

env = Environment()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL_FILE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_it_reads_a_variable_or_the_file_that_one_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert env.str("SECRET_KEY", default="none") == "none"
    monkeypatch.setenv("SECRET_KEY", "from the environment")
    assert env.str("SECRET_KEY", default="none") == "from the environment"
    monkeypatch.delenv("SECRET_KEY")
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.str("SECRET_KEY", default="none") == "from a file"
    (tmp_path / "url").write_text("postgresql://u:p%40ss@db:5432/adaptive\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    read = env.db_url("DATABASE_URL", default="postgresql://localhost/adaptive")
    assert (read["HOST"], read["PASSWORD"], read["NAME"]) == ("db", "p@ss", "adaptive")


def test_it_refuses_what_is_set_twice_or_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE"):
        env.str("SECRET_KEY", default="")
    (tmp_path / "nothing").write_text("x")
    monkeypatch.setenv("SECRET_KEY", "y")
    with pytest.raises(ImproperlyConfigured, match="both set"):
        env.str("SECRET_KEY", default="")
