"""How fast the simulated line is: this is the yardstick of the SMS benchmark."""

from dataclasses import dataclass

COMMAND_BYTES = len("AT+CMGS=159\r") + len("\r\n> ") + len("\x1a") + len("\r\n+CMGS: 255\r\n") + len("\r\nOK\r\n")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A segment holds the line for its bytes at `baud`, then `air_s` on the air; real ones need 2 to 5 s."""

    baud: int = 115_200
    air_s: float = 0.5  # from the PDU to +CMGS
    mobile_s: float = 0.1  # between two segments that come in
    delivery_s: float = 0.3  # from the SMSC to a telephone
    report_s: float = 0.7  # from the telephone back to the modem

    def line_s(self, size_bytes: int) -> float:
        """Start and stop bit make ten bits of a byte."""
        return size_bytes * 10 / self.baud

    def segment_s(self, tpdu_octets: int) -> float:
        """The shortest time from one AT+CMGS to the next, echo off, with a program that needs no time itself."""
        return self.line_s(COMMAND_BYTES + 2 * (tpdu_octets + 1)) + self.air_s

    def segments_per_min(self, tpdu_octets: int = 153) -> float:
        """What the line allows; 153 octets is a full UCS-2 segment to a mobile number with a validity period."""
        return 60 / self.segment_s(tpdu_octets)
