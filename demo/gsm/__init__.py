"""A GSM network on a pty: a modem that speaks AT, an SMSC behind it, and telephones that text.

Shares no code with sms/: two independent coders, so that neither is proved only by itself. Protocol and network are
pure (`modem`, `smsc`, `network`: bytes and a time go in, effects come out); `shell` and `control` are the thin I/O.
"""
