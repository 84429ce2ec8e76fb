"""Finds, assembles and configures Asterisk and the other Debian programs; changes nothing on the machine.

`errors`, `debian`, `roots`, `tools`, `fonts` and `asterisk` use the standard library only: set-up runs them before
there is a virtual environment.
"""
