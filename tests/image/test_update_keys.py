"""Keys, keyrings and bundles on the build machine, with the tools that build."""

import configparser
import stat
import subprocess
from pathlib import Path

import pytest

from builder import bundle, keys, mirror, spec
from builder.say import BuildError
from builder.toolbox import Tree, toolbox
from image.bundles import Works
from image.uml import needs_image

pytestmark = needs_image


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return toolbox(spec.load("amd64"), mirror.find(), tmp_path_factory.mktemp("tools") / "log")


@pytest.fixture
def fresh(tools: Tree, tmp_path: Path) -> keys.Keys:
    return keys.find(tools, {"XDG_CONFIG_HOME": str(tmp_path)})


def openssl(directory: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)


def test_first_use_makes_a_development_set_that_says_so_and_is_kept(
    tools: Tree, tmp_path: Path, fresh: keys.Keys
) -> None:
    assert fresh.development
    assert fresh.directory == tmp_path / "offhook" / "keys"
    assert stat.S_IMODE(fresh.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh.directory.stat().st_mode) == 0o700
    assert keys.DEVELOPMENT in keys.keyring(tools, fresh.ca)
    assert sorted(path.name for path in fresh.directory.iterdir()) == [
        "ca.pem", "signer.key", "signer.pem",
    ]  # fmt: skip
    before = fresh.ca.read_bytes()
    assert keys.find(tools, {"XDG_CONFIG_HOME": str(tmp_path)}) == fresh
    assert fresh.ca.read_bytes() == before


def test_two_machines_have_two_authorities(tools: Tree, tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        keys.make_development(tools, tmp_path / name)
        found.add(keys.keyring(tools, tmp_path / name / "ca.pem"))
    assert len(found) == 2


def test_a_key_that_others_can_read_is_refused(tools: Tree, fresh: keys.Keys) -> None:
    fresh.key.chmod(0o640)
    with pytest.raises(BuildError, match="chmod 600"):
        keys.find(tools, {"KEYS": str(fresh.directory)})


@pytest.mark.parametrize("name", ["ca.pem", "signer.pem", "signer.key"])
def test_an_incomplete_set_is_refused(tools: Tree, fresh: keys.Keys, name: str) -> None:
    (fresh.directory / name).unlink()
    with pytest.raises(BuildError, match=name):
        keys.find(tools, {"KEYS": str(fresh.directory)})


def test_a_certificate_for_servers_does_not_sign(tools: Tree, tmp_path: Path) -> None:
    owner(tmp_path, usage="serverAuth")
    with pytest.raises(BuildError, match=r"(?i)purpose"):
        keys.find(tools, {"KEYS": str(tmp_path)})


def test_the_image_gets_certificates_and_never_a_key(tools: Tree, fresh: keys.Keys) -> None:
    fresh.ca.write_text(fresh.key.read_text() + fresh.ca.read_text() + fresh.key.read_text())
    baked = keys.keyring(tools, fresh.ca)
    assert "PRIVATE" not in baked
    assert baked.count("BEGIN") == 1


def test_while_keys_are_changed_a_phone_trusts_both(
    tools: Tree, tmp_path: Path, fresh: keys.Keys
) -> None:
    owner(tmp_path)
    both = fresh.ca.read_text() + (tmp_path / "ca.pem").read_text()
    fresh.ca.write_text(both)
    baked = keys.keyring(tools, fresh.ca)
    assert baked.index(keys.DEVELOPMENT) < baked.index("Example phones CA")
    assert baked.count("BEGIN CERTIFICATE") == 2


def test_the_owners_keys_made_as_the_readme_says_sign_a_bundle_a_phone_would_take(
    tools: Tree, tmp_path: Path
) -> None:
    owner(tmp_path)
    found = keys.find(tools, {"KEYS": str(tmp_path)})
    assert not found.development
    works = Works(tmp_path, tools, found)
    made = works.bundle(works.small(), "made", "1.2.3")
    told = judged(tools, made, keys.keyring(tools, found.ca))
    assert "offhook-amd64" in told
    assert "1.2.3" in told
    assert "verity" in told


def test_a_bundle_of_a_stranger_is_known(tools: Tree, tmp_path: Path, fresh: keys.Keys) -> None:
    works = Works(tmp_path, tools, fresh)
    made = works.with_other_keys().bundle(works.small(), "made", "1.2.3")
    with pytest.raises(BuildError, match="signature verification failed"):
        judged(tools, made, keys.keyring(tools, fresh.ca))


def test_a_tree_is_told_what_it_takes_and_the_same_every_time(tmp_path: Path) -> None:
    trusted = bundle.Trust("0.3.0", "# nobody\n")
    for name in ("one", "two"):
        bundle.configure(tmp_path / name, "arm64", trusted)
    conf = (tmp_path / "one" / "etc/rauc/system.conf").read_text()
    assert conf == (tmp_path / "two" / "etc/rauc/system.conf").read_text()
    assert "@COMPATIBLE@" not in conf
    parsed = configparser.ConfigParser()
    parsed.read_string(conf)
    assert parsed["system"]["compatible"] == "offhook-arm64"
    assert parsed["system"]["min-bundle-version"] == "0.3.0"
    assert parsed["system"]["bundle-formats"] == "verity"
    assert (tmp_path / "one" / "etc/rauc/keyring.pem").read_text() == "# nobody\n"


def owner(directory: Path, usage: str = "codeSigning") -> None:
    """The commands of deploy/README.md, without the pass phrase."""
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    openssl(directory, "req", "-x509", *new, "-days", "7300", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/O=Example Ltd/CN=Example phones CA",
            "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl(directory, "req", "-new", *new, "-keyout", "signer.key", "-out", "signer.csr",
            "-subj", "/O=Example Ltd/CN=Example phones 1")  # fmt: skip
    (directory / "signer.ext").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        f"extendedKeyUsage=critical,{usage}\n"
    )
    openssl(directory, "x509", "-req", "-in", "signer.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-days", "1825", "-extfile", "signer.ext", "-out", "signer.pem")  # fmt: skip
    (directory / "signer.key").chmod(0o600)


def judged(tools: Tree, made: Path, trusted: str) -> str:
    """What `rauc info` says of a bundle, by the rules of a phone that has `trusted`."""
    bundle.configure(made.parent / "phone", "amd64", bundle.Trust("0.1.0", trusted))
    conf = made.parent / "phone/etc/rauc/system.conf"
    keyring = made.parent / "phone/etc/rauc/keyring.pem"
    text = conf.read_text().replace("/etc/rauc/keyring.pem", str(keyring))
    # no phone here: neither its data partition nor its handlers
    kept = [line for line in text.splitlines() if "=/data" not in line and "=/usr" not in line]
    conf.write_text("\n".join(kept).replace("[system]", "[system]\nstatusfile=per-slot"))
    return tools.run(["rauc", f"--conf={conf}", "info", made], paths=[made.parent])
