"""GSM 7 bit default alphabet (3GPP TS 23.038, 6.2.1): text to septets, septets to octets, and back."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPE = 0x1B
_SEPTETS: dict[str, tuple[int, ...]] = {char: (code,) for code, char in enumerate(_BASIC) if code != ESCAPE}
_SEPTETS |= {char: (ESCAPE, code) for code, char in _EXTENDED.items()}


def fits(text: str) -> bool:
    """Whether every character is in the alphabet or its extension."""
    return all(char in _SEPTETS for char in text)


def septets(char: str) -> tuple[int, ...]:
    """One septet, or two for the extension table. KeyError for anything else."""
    return _SEPTETS[char]


def to_septets(text: str) -> list[int]:
    """What is not in the alphabet becomes a question mark."""
    codes: list[int] = []
    for char in text:
        codes.extend(_SEPTETS.get(char, _SEPTETS["?"]))
    return codes


def from_septets(codes: list[int]) -> str:
    """An unknown extension shows as its basic character, as 23.038 asks."""
    chars: list[str] = []
    escaped = False
    for code in codes:
        if escaped:
            chars.append(_EXTENDED.get(code, _BASIC[code]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            chars.append(_BASIC[code])
    return "".join(chars)


def pack(codes: list[int], *, fill_bits: int = 0) -> bytes:
    """Septets into octets, lowest bit first; `fill_bits` zero bits first, so text starts on a septet after a header."""
    value, width = 0, fill_bits
    for code in codes:
        value |= code << width
        width += 7
    return value.to_bytes((width + 7) // 8, "little")


def unpack(octets: bytes, count: int, *, fill_bits: int = 0) -> list[int]:
    """`count` septets; fewer when the octets end before."""
    value = int.from_bytes(octets, "little") >> fill_bits
    available = (len(octets) * 8 - fill_bits) // 7
    return [(value >> (7 * number)) & 0x7F for number in range(min(count, available))]
