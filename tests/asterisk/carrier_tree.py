"""Which Asterisk the tests run: HCRM_TEST_ASTERISK_ROOT (an unpacked one) when set, else what set-up found."""

import os
from pathlib import Path

from telephony.provision.asterisk import Asterisk, find, in_root


def asterisk_here() -> Asterisk:
    """Raises NotAssembledError when set-up has not been run."""
    root = os.environ.get("HCRM_TEST_ASTERISK_ROOT")
    return in_root(Path(root)) if root else find()


_HERE = asterisk_here()
ASTERISK, MODULES, DATA = _HERE.argv, _HERE.modules, _HERE.data
