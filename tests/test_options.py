"""The options are parsed once, and a wrong value is said in a sentence."""

import pytest
from codexcache.options import OPTIONS, default_settings
from codexcache.wire.routes import ESSENTIAL
from support.settings import parsed


def test_without_any_option_turns_to_chatgpt_are_filled_and_all_else_is_tunnelled() -> None:
    settings = default_settings()

    assert (settings.mode, settings.hosts, settings.tunnel) == ("fill", ("chatgpt.com",), True)
    assert settings.strip == {"stream_options"}
    assert settings.learn == set()
    assert (settings.body_limit, settings.view_limit) == (64 << 20, 16 << 20)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_prefixed_and_has_a_help_that_ends_like_a_sentence(name: str) -> None:
    default, help_text = OPTIONS[name]

    assert name.startswith("codex_")
    assert isinstance(default, str)
    assert help_text.endswith(".")


@pytest.mark.parametrize("mode", ["fill", "pin", "observe", " pin "])
def test_a_mode_is_read_with_white_space_around_it(mode: str) -> None:
    assert parsed(codex_mode=mode).mode == mode.strip()


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("chatgpt.com", ("chatgpt.com",)),
        (" ChatGPT.com. , localhost,10.0.0.1,", ("chatgpt.com", "localhost", "10.0.0.1")),
        (".example.org", ("example.org",)),
        ("::1,2001:db8::7", ("::1", "2001:db8::7")),
        ("a", ("a",)),
        ("my_host-1.internal", ("my_host-1.internal",)),
    ],
)
def test_hosts_are_a_comma_list_in_any_case(text: str, hosts: tuple[str, ...]) -> None:
    assert parsed(codex_hosts=text).hosts == hosts


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("", set()),
        (" , ", set()),
        ("stream_options, user ,user", {"stream_options", "user"}),
        ("reasoning", {"reasoning"}),
        ("_x9", {"_x9"}),
    ],
)
def test_members_are_a_comma_list(text: str, members: set[str]) -> None:
    settings = parsed(codex_strip=text, codex_learn=text)

    assert settings.strip == members
    assert settings.learn == members


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("500k", 500 << 10), (" 64M ", 64 << 20), ("2g", 2 << 30), ("9" * 18, 10**18 - 1)]
)
def test_a_size_is_in_bytes_or_has_a_unit(text: str, size: int) -> None:
    settings = parsed(codex_body_limit=text, codex_view_limit=text)

    assert (settings.body_limit, settings.view_limit) == (size, size)


@pytest.mark.parametrize(("on", "texts"), [(True, ["on", "TRUE", "yes", "1"]), (False, ["off", "False", "no", "0"])])
def test_a_switch_is_on_or_off_in_any_usual_spelling(on: bool, texts: list[str]) -> None:
    assert [parsed(codex_tunnel=text).tunnel for text in texts] == [on] * 4


WRONG = {
    "codex_mode": ("one of fill, pin, observe", ["", "Fill", "off", "fill,pin"]),
    "codex_hosts": ("host names without scheme", ["", ",", "http://a", "a b", "a:443", "a/b", "*.a", "-", "ä.org"]),
    "codex_strip": ("names of top-level members", ["a b", "a.b", "1a", "a;b", "é"]),
    "codex_learn": ("names of top-level members", ["a b"]),
    "codex_body_limit": ("500k, 64m or 1g", ["", "0", "-1", "1.5m", "64mb", "1 m", "9" * 19, "\u0661"]),
    "codex_view_limit": ("500k, 16m or 1g", ["none", "-1"]),
    "codex_intercept": ("miss, or some of ", ["misses", "hit"]),
    "codex_redact": ("on or off", ["", "2"]),
    "codex_tunnel": ("on or off", ["", "maybe", "2"]),
    "codex_otel": ("on or off", [""]),
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, (_, texts) in WRONG.items() for text in texts])
def test_a_wrong_value_is_refused_with_what_the_option_takes(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} is .*, but it takes .*{WRONG[name][0]}.*\.$"):
        parsed(**{name: text})


def test_the_sentence_says_what_was_set_and_what_can_be_without_a_terminal_escape() -> None:
    with pytest.raises(ValueError, match=r"^codex_mode is 'of', but it takes one of fill, pin, observe\.$"):
        parsed(codex_mode="of")
    with pytest.raises(ValueError, match=r"^codex_mode is [ -~]+, but it takes one of fill, pin, observe\.$"):
        parsed(codex_mode="\x1b[31m")


@pytest.mark.parametrize("name", ["codex_strip", "codex_learn"])
@pytest.mark.parametrize("member", ESSENTIAL)
def test_a_member_that_no_turn_can_do_without_is_refused_with_the_reason(name: str, member: str) -> None:
    with pytest.raises(ValueError, match="without") as refusal:
        parsed(**{name: f"user, {member}"})

    assert str(refusal.value) == (
        f"{name} is 'user, {member}', but it takes only members that a turn can do without. {member} is not one: "
        f"{ESSENTIAL[member]}."
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_needs_a_value(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} has no value, but it takes "):
        parsed(**{name: None})


@pytest.mark.parametrize(
    "value", ["postgres://me:canary@h/db", "redis:/me:canary@h", "redis://me:with canary@h", "REDIS:me:canary@h"]
)
def test_an_address_that_is_none_is_refused_without_its_password(value: str) -> None:
    with pytest.raises(ValueError, match=r"codex_state is '\w+://h', but it takes on, off") as refused:
        parsed(codex_state=value)
    assert "canary" not in str(refused.value)
