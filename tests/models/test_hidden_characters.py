import unicodedata

import pytest

from k6_mcp.models.hidden_characters import visible, visible_data
from k6_mcp.models.wording import cut

KEPT = "\n\t"


def test_no_character_that_commands_turns_or_hides_is_left_alone_or_in_a_run() -> None:
    hidden = [
        chr(code)
        for code in range(0x110000)
        if (unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp") or 0xE0000 <= code < 0xE1000)
        and chr(code) not in KEPT
    ]
    told = visible("a".join(hidden)) + visible("".join(hidden))
    assert len(hidden) > 4_000
    assert not set(told) & set(hidden)


@pytest.mark.parametrize(
    "text", ["", "plain", "two\nlines\tand a tab", "日本語 ñ … — ✔️ 1️⃣ ❤️", "עברית العربية", "{}[]<>`'\"\\"]
)
def test_text_that_hides_nothing_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\u202eb", "a⟨202E⟩b"),
        ("a\u200b\u200c\u200db", "a⟨200B+2⟩b"),
        ("\x1b[31mred\x1b[0m \x9b1;2Hx", "red x"),
        ("\x1b]8;;http://e\x07link", "⟨001B⟩]8;;http://e⟨0007⟩link"),
        ("line\r\nline\rover", "line\nline⟨000D⟩over"),
        ("x\ufe0f\ufe0f", "x⟨FE0F+1⟩"),
        ("❤️\ufe0f", "❤️⟨FE0F⟩"),
        ("\ud83d", "⟨D83D⟩"),
        ("a" + "".join(chr(0xE0000 + ord(char)) for char in "ignore"), "a⟨E0069+5⟩"),
    ],
)
def test_what_is_hidden_is_told_by_its_code(text: str, told: str) -> None:
    assert visible(text) == told


def test_data_are_cleaned_to_the_last_name_and_leaf() -> None:
    assert visible_data({"a\u202e": [{"b": "\x00"}, 1, None, True]}) == {
        "a⟨202E⟩": [{"b": "⟨0000⟩"}, 1, None, True]
    }


def test_a_cut_line_hides_nothing() -> None:
    assert cut("a\x07\u202e\u200bb\x1b[1mc\n\nd", 40) == "a ⟨202E+1⟩bc d"
