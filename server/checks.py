"""What `hcrm doctor` says of one thing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `needed` False: hcrm runs without it. `mend` is empty when it is well."""

    name: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True
