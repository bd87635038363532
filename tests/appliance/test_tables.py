"""The tables that only the image knows: [wifi], [ssh], [system], and the address in [network]."""

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance import ssh, system, wifi
from offhook.appliance.wifi import Network
from offhook.service.schema import Reader

PASSPHRASE, DIGITS = "hunter2hunter2", "12345678"
KEY = "0123456789abcdef" * 4
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO1mmSHAP9/mRqDq9cEMDfNTyzNpBhGKtsuKjpCOu9Lo"


def reader(**entries: object) -> Reader:
    return Reader("offhook.toml", "t", entries, [])


def faults(table: Reader) -> list[str]:
    return [problem.key for problem in table.problems]


class TestWifi:
    def test_the_hash_is_that_of_ieee_802_11_annex_j(self) -> None:
        expected = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
        assert wifi.hashed("password", b"IEEE") == expected

    def test_no_network_is_none(self) -> None:
        table = reader(ssid="", password="")
        assert wifi.read(table, None, "US") is None
        assert not table.problems

    def test_the_passphrase_is_nowhere_in_what_is_written(self) -> None:
        network = wifi.read(reader(ssid="Home", password=PASSPHRASE), None, "DE")
        assert network is not None
        assert "hunter2" not in network.configuration + network.told
        assert f"psk={wifi.hashed('hunter2hunter2', b'Home')}" in network.configuration
        assert "\ncountry=DE\n" in network.configuration

    def test_an_empty_password_keeps_the_key_of_the_same_network(self) -> None:
        network = wifi.read(reader(ssid="Home", password=""), Network(b"Home", KEY), "US")
        assert network is not None
        assert wifi.known(network.configuration) == Network(b"Home", KEY)
        assert "kept" in network.told

    def test_but_not_that_of_another(self) -> None:
        table = reader(ssid="Office")
        wifi.read(table, Network(b"Home", KEY), "US")
        assert faults(table) == ["t.password"]

    def test_an_open_network_must_be_meant(self) -> None:
        network = wifi.read(reader(ssid="Café", open=True), None, "US")
        assert network is not None
        assert "key_mgmt=NONE" in network.configuration
        assert f"ssid={'Café'.encode().hex()}" in network.configuration
        assert wifi.known(network.configuration) is None
        table = reader(ssid="x", open=True, password=DIGITS)
        wifi.read(table, None, "US")
        assert faults(table) == ["t.open"]

    def test_a_key_instead_of_a_password_is_taken_as_it_is(self) -> None:
        network = wifi.read(reader(ssid="x", password=KEY.upper()), None, "US")
        assert network is not None
        assert f"psk={KEY}\n" in network.configuration

    @pytest.mark.parametrize(
        ("entries", "key"),
        [
            ({"password": "12345678"}, "t.ssid"),
            ({"ssid": "x", "password": "short"}, "t.password"),
            ({"ssid": "x", "password": "ümlaut in it"}, "t.password"),
            ({"ssid": "ü" * 20, "password": "12345678"}, "t.ssid"),
            ({"ssid": "x", "password": "12345678", "country": "germany"}, "t.country"),
            ({"ssid": "x", "password": "12345678", "contry": "DE"}, "t.contry"),
        ],
    )
    def test_what_cannot_work_is_told(self, entries: dict[str, object], key: str) -> None:
        table = reader(**entries)
        wifi.read(table, None, "US")
        assert faults(table) == [key]
        assert "12345678" not in "".join(map(str, table.problems))

    @given(st.text(min_size=1, max_size=32).filter(lambda ssid: ssid.isprintable()))
    def test_no_name_breaks_out_of_its_line(self, ssid: str) -> None:
        table = reader(ssid=ssid, password=DIGITS)
        network = wifi.read(table, None, "US")
        if not table.problems:
            assert network is not None
            assert len(network.configuration.splitlines()) == 11
            assert wifi.known(network.configuration) is not None


class TestSsh:
    def test_a_key_is_taken_with_its_comment(self) -> None:
        [key] = ssh.read(reader(key=f"{ED25519} you@home "))
        assert key.line == f"{ED25519} you@home"
        assert ssh.authorized((key,)).splitlines()[1] == key.line

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
    def test_what_ssh_keygen_makes_is_taken_and_shown_alike(
        self, tmp_path: Path, kind: str
    ) -> None:
        path = tmp_path / "key"
        made = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "me here", "-f", str(path)]
        subprocess.run(made, check=True)
        shown = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(path)], check=True, capture_output=True, text=True
        ).stdout.split()[1]
        [key] = ssh.read(reader(key=path.with_suffix(".pub").read_text().strip()))
        assert key.fingerprint.startswith(f"{shown} me here (")
        table = reader(key=path.read_text().splitlines()[0])
        ssh.read(table)
        assert "private key" in table.problems[0].what

    def test_several_but_none_twice(self) -> None:
        table = reader(key=ED25519, keys=[f"{ED25519} again"])
        assert len(ssh.read(table)) == 2
        assert faults(table) == ["t.keys"]

    def test_none_is_none(self) -> None:
        assert ssh.read(reader(key="")) == ssh.read(reader(keys=[])) == ()

    @pytest.mark.parametrize(
        "line",
        [
            "AAAAC3NzaC1lZDI1NTE5AAAAIO1mmSHAP9", "ssh-ed25519", "ssh-ed25519 AAAA!",
            ED25519[:-8], ED25519.replace("ssh-ed25519 ", "ssh-rsa "), f'command="x" {ED25519}',
            "ssh-dss AAAAB3NzaC1kc3M=", "ssh-ed25519 AAAA",
        ],
    )  # fmt: skip
    def test_what_is_no_key_is_told(self, line: str) -> None:
        table = reader(key=line)
        assert ssh.read(table) == ()
        assert faults(table) == ["t.key"]
        assert ".pub" in table.problems[0].remedy

    def test_a_short_rsa_key_is_refused(self) -> None:
        fields = (b"ssh-rsa", b"\1\0\1", b"\0" + b"\xff" * 128)
        blob = b"".join(len(each).to_bytes(4, "big") + each for each in fields)
        table = reader(key=f"ssh-rsa {base64.b64encode(blob).decode()}")
        ssh.read(table)
        assert "less than 2048 bits" in table.problems[0].what

    @given(
        st.text(max_size=80).map(lambda text: f"ssh-ed25519 {text}")
        | st.binary().map(lambda blob: f"ssh-ed25519 {base64.b64encode(blob).decode()}")
    )
    def test_no_line_raises(self, line: str) -> None:
        ssh.read(reader(key=line))


class TestSystem:
    def test_the_defaults(self) -> None:
        assert system.read_system(reader(), lambda _: True) == system.System("", "Etc/UTC")

    def test_a_name_is_lower_case(self) -> None:
        found = system.read_system(reader(hostname="Kitchen"), lambda _: True)
        assert found.hostname == "kitchen"

    @pytest.mark.parametrize(
        ("entries", "key"),
        [
            ({"hostname": "a b"}, "t.hostname"), ({"hostname": "-a"}, "t.hostname"),
            ({"hostname": "a" * 64}, "t.hostname"), ({"hostname": "a.b"}, "t.hostname"),
            ({"time_zone": "../../etc/passwd"}, "t.time_zone"),
            ({"time_zone": "/etc/passwd"}, "t.time_zone"),
            ({"time_zone": "Europe/Atlantis"}, "t.time_zone"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_told(self, entries: dict[str, object], key: str) -> None:
        table = reader(**entries)
        system.read_system(table, lambda zone: zone == "Etc/UTC")
        assert faults(table) == [key]


class TestAddress:
    def test_none_is_dhcp(self) -> None:
        assert system.read_address(reader()) == ""

    def test_a_fixed_one_with_router_and_name_servers(self) -> None:
        text = system.read_address(
            reader(static="192.0.2.10/24", gateway="192.0.2.1", dns=["192.0.2.53", "2001:db8::53"])
        )
        assert text.splitlines()[2:] == [
            "Name=en* eth* end*", "", "[Network]", "Address=192.0.2.10/24", "Gateway=192.0.2.1",
            "DNS=192.0.2.53", "DNS=2001:db8::53", "IPv6AcceptRA=yes",
        ]  # fmt: skip

    def test_on_wifi(self) -> None:
        assert "\nName=wl*\n" in system.read_address(reader(static="10.0.0.2/8", interface="wifi"))

    @pytest.mark.parametrize(
        ("entries", "key"),
        [
            ({"static": "192.0.2.10"}, "static"), ({"static": "192.0.2.0/24"}, "static"),
            ({"static": "192.0.2.255/24"}, "static"), ({"static": "pbx/24"}, "static"),
            ({"static": "192.0.2.10/24", "gateway": "198.51.100.1"}, "gateway"),
            ({"static": "192.0.2.10/24", "gateway": "router"}, "gateway"),
            ({"static": "192.0.2.10/24", "dns": ["1.2.3"]}, "dns"),
            ({"static": "192.0.2.10/24", "dns": ["x"]}, "dns"),
            ({"gateway": "192.0.2.1"}, "gateway"), ({"interface": "wifi"}, "interface"),
            ({"static": "192.0.2.10/24", "interface": "eth0"}, "interface"),
        ],
    )  # fmt: skip
    def test_what_cannot_work_is_told(self, entries: dict[str, object], key: str) -> None:
        table = reader(**entries)
        system.read_address(table)
        assert faults(table) == [f"t.{key}"]
