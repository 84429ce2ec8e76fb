"""The GSM 7 bit default alphabet and its extension table (3GPP TS 23.038), as septets: one per byte, or packed."""

ESCAPE = 0x1B
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
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
_SEPTETS: dict[str, bytes] = {char: bytes([code]) for code, char in enumerate(BASIC) if code != ESCAPE}
_SEPTETS |= {char: bytes([ESCAPE, code]) for code, char in EXTENSION.items()}


def septets_of(char: str) -> bytes | None:
    """One septet, or the escape and one; None when the alphabet lacks the character."""
    return _SEPTETS.get(char)


def text_of(septets: bytes) -> str:
    """Any septets become text. An unknown extension shows the basic character, a lone escape nothing."""
    out: list[str] = []
    escaped = False
    for code in septets:
        code &= 0x7F
        if escaped:
            out.append(" " if code == ESCAPE else EXTENSION.get(code, BASIC[code]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            out.append(BASIC[code])
    return "".join(out)


def pack(septets: bytes, *, fill_bits: int = 0) -> bytes:
    """Eight septets into seven bytes. `fill_bits` zeros come first: text after a header starts on a septet boundary."""
    bits = 0
    for position, code in enumerate(septets):
        bits |= code << (7 * position + fill_bits)
    return bits.to_bytes((7 * len(septets) + fill_bits + 7) // 8, "little")


def unpack(packed: bytes, count: int, *, fill_bits: int = 0) -> bytes:
    """The first `count` septets after `fill_bits`; fewer when the bytes end before."""
    bits = int.from_bytes(packed, "little") >> fill_bits
    there = min(count, max(0, 8 * len(packed) - fill_bits) // 7)
    return bytes((bits >> (7 * position)) & 0x7F for position in range(there))
