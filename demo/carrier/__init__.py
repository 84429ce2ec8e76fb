"""The demo's telephone carrier: a second, real Asterisk that answers as patients, mailboxes, busy and silent lines.

`provision` writes everything it needs below one folder; `command` is what a supervisor starts: docs/demo-carrier.md.
"""

from demo.carrier.provision import Carrier, command, provision

__all__ = ["Carrier", "command", "provision"]
