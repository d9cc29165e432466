"""What a Redis URL names."""

from typing import Any

import pytest
from django.conf import LazySettings

from adaptive.checks import check_redis
from adaptive.redis_servers import CLUSTER, SENTINEL, UrlRefused, broker_settings, read_url


def test_a_cluster_is_named_by_its_nodes_with_login_and_tls() -> None:
    servers = read_url("rediss+cluster://app:p%40ss@a,b:7000,[::1]:7001/?ssl_ca_certs=/etc/ca.pem")
    assert servers.kind == CLUSTER
    assert servers.hosts == (("a", 6379), ("b", 7000), ("::1", 7001))
    assert servers.options == {
        "username": "app",
        "password": "p@ss",
        "ssl": True,
        "ssl_ca_certs": "/etc/ca.pem",
    }
    assert "p@ss" not in repr(servers)
    assert "p%40ss" not in repr(servers)


def test_a_master_is_named_by_its_sentinels_which_may_have_a_login_of_their_own() -> None:
    servers = read_url("redis+sentinel://:secret@s1,s2:26380/mymaster/2?sentinel_password=other")
    assert (servers.kind, servers.master) == (SENTINEL, "mymaster")
    assert servers.hosts == (("s1", 26379), ("s2", 26380))
    assert servers.options == {"password": "secret", "db": 2}
    assert servers.sentinel_options == {"password": "other"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://a", "begins with none of"),
        ("redis+cluster://a,,b/", "host is missing"),
        ("redis+cluster://a:x/", "port is no number"),
        ("redis+cluster://a/1", "no databases"),
        ("redis+sentinel://a,b", "the name that they call the master by"),
        ("redis+sentinel://a/mymaster/0/1", "too long"),
        ("redis+cluster://a/?socket_timeout=soon", "socket_timeout"),
    ],
)
def test_it_says_why_a_url_names_none(url: str, reason: str) -> None:
    with pytest.raises(UrlRefused, match=reason):
        read_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://a:1/2", {"CELERY_BROKER_URL": "redis://a:1/2"}),
        ("amqp://a//", {"CELERY_BROKER_URL": "amqp://a//"}),
        (
            "redis+sentinel://:pw@s1,s2:1/mymaster/3",
            {
                "CELERY_BROKER_URL": "sentinel://:pw@s1:26379/3;sentinel://:pw@s2:1/3",
                "CELERY_BROKER_TRANSPORT_OPTIONS": {"master_name": "mymaster", "sentinel_kwargs": {}},
            },
        ),
    ],
)
def test_celery_is_told_in_its_own_words(url: str, expected: dict[str, Any]) -> None:
    assert broker_settings(url) == expected


def test_a_cluster_that_would_be_the_queue_stops_the_start(settings: LazySettings) -> None:
    settings.REDIS_URL = settings.BROKER_URL = "redis+cluster://:secret@a,b/"
    (problem,) = check_redis()
    assert problem.id == "adaptive.E022"
    assert "secret" not in problem.msg
    settings.BROKER_URL = "redis://c/0"
    assert check_redis() == []
    settings.REDIS_URL = "redis+sentinel://a"
    assert [problem.id for problem in check_redis()] == ["adaptive.E021"]
