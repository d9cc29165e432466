"""deploy/: rendered as a cluster would get it, against Kubernetes' schemas and what the service needs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.urls import resolve
from packaging.utils import canonicalize_name

from adaptive.environment import FILE
from adaptive.tests.test_docker_files import CONTAINER_ONLY, DIGEST, settings_defaults

__all__ = ["settings_defaults"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
README = (DEPLOY / "README.md").read_text()
VERSIONS = ("1.30.0", "1.37.0")  # the oldest that README.md names, and the newest known here
OURS = {"adaptive-migrate", "adaptive-web", "adaptive-worker", "adaptive-beat"}
GUNICORN = (ROOT / "docker" / "gunicorn.conf.py").read_text()

Manifest = dict[str, Any]


def rendered(overlay: str) -> list[Manifest]:
    kubectl = Path(sys.executable).with_name("kubectl")
    run = subprocess.run(
        [kubectl, "kustomize", DEPLOY / "overlays" / overlay], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))


PRODUCTION, TRIAL = rendered("production"), rendered("trial")
BOTH = pytest.mark.parametrize("manifests", [PRODUCTION, TRIAL], ids=["production", "trial"])


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {found["metadata"]["name"]: found for found in manifests if found["kind"] == kind}


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """What each workload's pods are made from."""
    kinds = ("Deployment", "StatefulSet", "Job")
    return {
        name: found["spec"]["template"]["spec"]
        for kind in kinds
        for name, found in of_kind(manifests, kind).items()
    }


def containers(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for name, pod in pods(manifests).items():
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield name, container


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(version: str) -> None:
    for manifest in PRODUCTION:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_kubernetes_knows_every_field_of_the_trial() -> None:
    for manifest in TRIAL:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_an_unknown_field_would_be_seen() -> None:
    wrong = {**PRODUCTION[0], "kinds": "no such field"}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@BOTH
def test_pods_may_do_nothing_that_they_need_not(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests).items():
        user = pod["securityContext"]
        assert user["runAsNonRoot"] is True, name
        assert user["runAsUser"] > 0, name
        assert user["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod), name
        assert all({"secret", "emptyDir"} & set(volume) for volume in pod["volumes"]), name
    for name, container in containers(manifests):
        may = container["securityContext"]
        assert may["readOnlyRootFilesystem"] is True, name
        assert may["allowPrivilegeEscalation"] is False, name
        assert may["capabilities"] == {"drop": ["ALL"]}, name
        resources = container["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"]), name
        assert "memory" in resources["limits"], name
        fixed = r":(\d[\w.-]*|local)$" if name in OURS else rf":\d[\w.-]*{DIGEST}$"
        assert re.search(fixed, container["image"]), name


@BOTH
def test_there_is_one_beat_and_it_ends_before_its_successor_begins(manifests: list[Manifest]) -> None:
    beat = of_kind(manifests, "Deployment")["adaptive-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    assert "adaptive-beat" not in {
        scaler["spec"]["scaleTargetRef"]["name"]
        for scaler in of_kind(manifests, "HorizontalPodAutoscaler").values()
    }


@BOTH
def test_web_pods_are_replaced_without_a_refused_answer(manifests: list[Manifest]) -> None:
    web = of_kind(manifests, "Deployment")["adaptive-web"]["spec"]
    assert web["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    pod = web["template"]["spec"]
    (container,) = pod["containers"]
    assert resolve(container["readinessProbe"]["httpGet"]["path"]).func.__name__ == "ready"
    for probe in ("livenessProbe", "startupProbe"):
        assert resolve(container[probe]["httpGet"]["path"]).func.__name__ == "live"
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)", GUNICORN, re.MULTILINE)
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause + int(graceful)


@BOTH
def test_what_refers_to_something_finds_it(manifests: list[Manifest]) -> None:
    labels = [
        manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in manifests
        if "template" in manifest.get("spec", {})
    ]
    for kind in ("Service", "PodDisruptionBudget"):
        for name, manifest in of_kind(manifests, kind).items():
            selector = manifest["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= has.items() for has in labels), name
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler").values():
        assert scaler["spec"]["scaleTargetRef"]["name"] in of_kind(manifests, "Deployment")
    for budget in ("adaptive-web", "adaptive-worker"):
        assert of_kind(manifests, "PodDisruptionBudget")[budget]["spec"]["maxUnavailable"] == 1
    (nothing,) = (
        policy["spec"]
        for policy in of_kind(manifests, "NetworkPolicy").values()
        if policy["metadata"]["name"] == "adaptive-nothing-else"
    )
    assert set(nothing) == {"podSelector", "policyTypes"}, "whatever is not allowed elsewhere is refused"


def test_web_and_worker_reach_others_by_https_in_production_and_nothing_private() -> None:
    """Webhooks, learning platforms and single sign-on need it; the rest of the pods does not."""
    outgoing = of_kind(PRODUCTION, "NetworkPolicy")["adaptive-asks-others"]["spec"]
    (chosen,) = outgoing["podSelector"]["matchExpressions"]
    assert chosen["values"] == ["web", "worker"]
    (rule,) = outgoing["egress"]
    assert [port["port"] for port in rule["ports"]] == [443]
    everywhere = {ip_network(each["ipBlock"]["cidr"]): each["ipBlock"]["except"] for each in rule["to"]}
    assert {str(net) for net in everywhere} == {"0.0.0.0/0", "::/0"}
    for private in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "fd00::1", "fe80::1"):
        address = ip_address(private)
        (excluded,) = (but for net, but in everywhere.items() if address in net)
        assert any(address in ip_network(each) for each in excluded), private


@pytest.mark.parametrize("name", ["DATABASE_REPLICA_URL_FILE", "SINGLE_SIGN_ON_FILE", "EMBED_ORIGINS"])
def test_what_the_production_overlay_offers_to_switch_on_exists(
    name: str, settings_defaults: dict[str, Any]
) -> None:
    offered = (DEPLOY / "overlays" / "production" / "kustomization.yaml").read_text()
    assert f"# - {name}=" in offered
    assert name.removesuffix(FILE) in settings_defaults


@BOTH
def test_settings_exist_and_secrets_are_files(
    manifests: list[Manifest], settings_defaults: dict[str, Any]
) -> None:
    (settings,) = (m["data"] for n, m in of_kind(manifests, "ConfigMap").items() if "settings" in n)
    own = {
        variable["name"]
        for name, container in containers(manifests)
        if name in OURS
        for variable in container.get("env", [])
    }
    known = set(settings_defaults) | CONTAINER_ONLY | {"PGOPTIONS"}
    assert {name.removesuffix(FILE) for name in {*settings, *own}} <= known
    secrets = {name: value for name, value in settings.items() if name.endswith(FILE)}
    for name in ("SECRET_KEY", "AUDIT_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN"):
        assert f"{name}{FILE}" in secrets
        assert name not in settings
    folder = "/run/secrets/adaptive/"
    told = {f"{folder}{key}" for key in re.findall(r"--from-file=([a-z-]+)", README)}
    assert set(secrets.values()) == told
    for name, container in containers(manifests):
        assert name not in OURS or any(m["mountPath"] + "/" == folder for m in container["volumeMounts"])
    assert not of_kind(manifests, "Secret")


def pins(name: str) -> dict[str, str]:
    """Of a file of requirements/: by canonical name."""
    text = (ROOT / "requirements" / name).read_text()
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", text, re.MULTILINE)
    return {canonicalize_name(project): version for project, version in found}


def test_the_image_installs_only_files_with_the_hashes_of_the_lock() -> None:
    """`make lock` writes it: base.txt with all that this pulls in, as constraints.txt pins it."""
    locked = pins("base.lock")
    assert (
        pins("base.txt").items()
        <= locked.items()
        <= pins("constraints.txt").items() | pins("base.txt").items()
    )
    entries = re.split(
        r"^(?=[\w.-]+==)", (ROOT / "requirements" / "base.lock").read_text(), flags=re.MULTILINE
    )
    assert all("--hash=sha256:" in entry for entry in entries[1:])
    assert "--require-hashes -r /requirements/base.lock" in (ROOT / "docker" / "Dockerfile").read_text()
