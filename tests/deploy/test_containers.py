"""The container files, as far as they can be checked without an engine: by a linter, a schema and our own rules."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.test_docs import tracked

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = {str(field.validation_alias) for field in Settings.model_fields.values()}
NOT_OURS = {"POSTGRES_PASSWORD"}

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def test_the_dockerfile_passes_a_linter() -> None:
    done = subprocess.run([str(BIN / "hadolint"), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_is_one() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "deploy/compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


# ---- the Dockerfile


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert copied()
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert set(copied()) == let_through


def test_nothing_that_is_secret_reaches_the_builder() -> None:
    let_through = set(copied())
    for name in ("deploy/secrets/DATABASE_URL", "deploy/.env", ".git/config", "var/x", "deploy/compose.yml"):
        assert not any(name == place or name.startswith(f"{place}/") for place in let_through)


def test_everything_that_is_installed_has_its_hash() -> None:
    installs = re.findall(r"pip install (.+?)(?:$| &&)", DOCKERFILE, re.MULTILINE)
    assert installs
    for words in installs:
        assert "--require-hashes" in words or "--no-index" in words, words
    for name in ("build", "scale"):
        pinned = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        for block in re.split(r"\n(?=\S)", pinned):
            assert "==" in block, block
            assert "--hash=sha256:" in block, block


def test_the_container_has_what_the_assistant_was_tested_with() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / name).read_text("utf-8"), re.MULTILINE))

    assert pins("run.txt") <= pins("scale.txt")
    more = {pin.split("==")[0] for pin in pins("scale.txt") - pins("run.txt")}
    assert "procrastinate" in more
    assert len(more) < 8


@pytest.mark.parametrize("stage", ["assistant", "proxy"])
def test_nobody_is_root_and_health_is_asked(stage: str) -> None:
    own = re.split(r"^FROM .+ AS ", DOCKERFILE, flags=re.MULTILINE)
    words = next(part for part in own if part.startswith(f"{stage}\n"))
    users = re.findall(r"^USER (\S+)$", words, re.MULTILINE)
    assert users
    assert all(re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user) for user in users)
    assert "HEALTHCHECK" in words
    assert users[-1] == next(one["user"] for one in SERVICES.values() if one.get("build", {}).get("target") == stage)


def test_no_command_needs_a_shell_to_run() -> None:
    last = DOCKERFILE.rpartition("FROM ")[2]
    for word in ("ENTRYPOINT", "CMD"):
        assert re.search(rf"^\s*{word} \[", last, re.MULTILINE)
    assert "\nRUN " not in last
    assert not [one for one in SERVICES.values() if "CMD-SHELL" in str(one.get("healthcheck"))]


# ---- the compose file


@every_service
def test_every_container_is_held(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert {"mem_limit", "cpus", "pids_limit", "tmpfs", "init"} <= set(service)
    assert service.get("privileged") is None
    assert all("nosuid" in place and "nodev" in place for place in service["tmpfs"])
    assert not [place for place in service.get("volumes", ()) if "docker.sock" in place]


def test_only_the_proxy_has_a_capability_and_ports() -> None:
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"proxy"}
    assert {name: one["cap_add"] for name, one in SERVICES.items() if "cap_add" in one} == {
        "proxy": ["NET_BIND_SERVICE"]
    }


@every_service
def test_every_container_says_whether_it_is_well(service: dict[str, Any]) -> None:
    """By itself, by its image of ours, or not at all where it does one thing and ends."""
    asked = service.get("healthcheck", {})
    assert asked.get("test") or "build" in service or service.get("restart") == "no"


def test_who_waits_for_another_waits_until_it_is_well() -> None:
    waits = [one for service in SERVICES.values() for one in service.get("depends_on", {}).items()]
    assert len(waits) > 4
    assert {condition["condition"] for _, condition in waits} == {"service_healthy"}
    assert {name for name, _ in waits} <= set(SERVICES)


def test_the_database_has_no_way_out_and_nobody_else_has_a_way_in() -> None:
    networks = COMPOSE["networks"]
    assert SERVICES["postgres"]["networks"] == ["back"]
    assert networks["back"] == {"internal": True}
    beside = {name for name, one in SERVICES.items() if "back" in one.get("networks", ())}
    assert beside == {"postgres", "web", "worker"}
    assert networks["front"]["internal"] is True
    assert {name for name, one in SERVICES.items() if "outside" in one.get("networks", ())} == {"proxy"}


def test_only_the_proxy_s_own_network_is_believed() -> None:
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == subnet
    assert ip_network(subnet).num_addresses <= 16
    assert {name for name, one in SERVICES.items() if "front" in one.get("networks", ())} == {"proxy", "web"}


def test_every_name_is_a_setting_and_no_secret_stands_in_the_environment() -> None:
    secret = {
        str(field.validation_alias)
        for field in Settings.model_fields.values()
        if "Secret" in str(field.annotation) or field.validation_alias == "DATABASE_URL"
    }
    given = set(COMPOSE["secrets"])
    assert given - NOT_OURS <= SETTINGS
    for name in ("web", "worker"):
        assert set(SERVICES[name]["environment"]) <= SETTINGS
        assert not set(SERVICES[name]["environment"]) & secret
        assert set(SERVICES[name]["secrets"]) == given - NOT_OURS
    assert all(place["file"] == f"secrets/{name}" for name, place in COMPOSE["secrets"].items())
    assert SERVICES["proxy"].get("secrets") is None


def test_every_image_has_its_version() -> None:
    named = re.findall(r"^FROM (\S+) AS", DOCKERFILE, re.MULTILINE)
    named += [one["image"] for one in SERVICES.values() if "build" not in one]
    assert all(re.search(r":v?\d", image) and ":latest" not in image for image in named)


def test_the_example_names_what_the_compose_file_asks_for() -> None:
    text = (ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", text)) - {"VERSION", "WEGWIJS_LOG_LEVEL"}
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))


# ---- the secrets


def test_new_secrets_are_made_once_and_open_to_one_alone(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "secrets").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "new-secrets.sh", tmp_path / "deploy")

    def made() -> dict[str, str]:
        subprocess.run(["sh", str(tmp_path / "deploy" / "new-secrets.sh")], check=True, capture_output=True)
        return {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "deploy" / "secrets").iterdir()}

    first = made()
    assert set(first) == set(COMPOSE["secrets"])
    assert made() == first
    assert len(base64.b64decode(first["WEGWIJS_MASTER_KEY"])) == 32
    assert first["DATABASE_URL"].strip() == (
        f"postgresql://wegwijs:{first['POSTGRES_PASSWORD'].strip()}@postgres:5432/wegwijs"
    )
    assert len(first["POSTGRES_PASSWORD"].strip()) == 64
    for file in (tmp_path / "deploy" / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_no_secret_is_in_the_repository() -> None:
    here = [name for name in tracked() if name.startswith("deploy/")]
    assert [name for name in here if fnmatch(name, "deploy/secrets/*")] == ["deploy/secrets/.gitignore"]
    assert "deploy/.env" not in here
