"""Secrets blanked where they stand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.appliance.erase import NotFoundError, blanked, locate
from offhook.appliance.toml import written

ACCOUNT = (("account", "password"),)
BOTH = (("account", "password"), ("wifi", "password"))


def erased(text: str, secrets: tuple[tuple[str, str], ...] = ACCOUNT) -> str:
    content = text.encode()
    after = blanked(content, locate(content, secrets))
    assert len(after) == len(content)
    return after.decode()


def test_the_file_keeps_its_length_and_its_comment() -> None:
    before = '[account]\r\npassword = "hunter2"  # from Jürgen\r\nuser = "hunter2"\r\n'
    after = '[account]\r\npassword = ""         # from Jürgen\r\nuser = "hunter2"\r\n'
    assert erased(before) == after


@pytest.mark.parametrize(
    "line",
    [
        "password = 'hunter2'", 'password="""hunter2"""', "password='''hunter2'''",
        'password = """\nhunter2"""', '"password" = "h\\u0075nter2"', 'password="hunter2"#hunter2',
    ],
)  # fmt: skip
def test_however_it_is_written(line: str) -> None:
    text = f'[account]\nuser = "password"\n{line}\ndomain = "x"\n'
    after = erased(text)
    assert "unter2" not in after
    wanted = {**tomllib.loads(text)["account"], "password": ""}
    assert tomllib.loads(after)["account"] == wanted


@pytest.mark.parametrize(
    "text", ['account = {user = "a", password = "hunter2"}', 'account.password = "hunter2"']
)
def test_in_whatever_kind_of_table(text: str) -> None:
    assert tomllib.loads(erased(text))["account"]["password"] == ""


def test_two_secrets_that_are_the_same() -> None:
    text = '[account]\npassword = "same one"\n[wifi]\npassword = "same one"\nssid = "same one"\n'
    after = tomllib.loads(erased(text, BOTH))
    assert after == {"account": {"password": ""}, "wifi": {"password": "", "ssid": "same one"}}


def test_old_ones_in_comments_go_too() -> None:
    after = erased('# password = "hunter2"\n[account]\npassword = "hunter2"\n')
    assert "hunter2" not in after


def test_a_mark_in_front_is_kept() -> None:
    assert erased('\ufeff[account]\npassword = "x"\n') == '\ufeff[account]\npassword = "" \n'


def test_what_is_no_string_cannot_be_erased() -> None:
    with pytest.raises(NotFoundError):
        locate(b"[account]\npassword = 5\n", ACCOUNT)
    with pytest.raises(NotFoundError):
        locate(b"account = 5\n", ACCOUNT)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(texts, texts, texts)
def test_any_secret_among_any_neighbours(secret: str, user: str, comment: str) -> None:
    line = "".join(char for char in comment if char.isprintable())
    text = f"# {line}\n" + written({"account": {"user": user, "password": secret, "last": secret}})
    after = tomllib.loads(erased(text))
    assert after["account"] == {"user": user, "password": "", "last": secret}


def test_a_key_that_looks_like_the_secret_is_not_taken_for_it() -> None:
    after = erased('[account]\n"hunter2" = 1\npassword = "hunter2"\nkeys = ["hunter2"]\n')
    assert tomllib.loads(after)["account"] == {"hunter2": 1, "password": "", "keys": ["hunter2"]}


def test_a_string_whose_place_another_key_has_is_not_tried() -> None:
    after = erased('[account]\n"" = 1\n"hunter2" = 2\npassword = "hunter2"\n')
    assert tomllib.loads(after)["account"] == {"": 1, "hunter2": 2, "password": ""}
