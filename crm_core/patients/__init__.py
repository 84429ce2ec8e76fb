"""The register: who the patients are, how they are found, and what happened with them (timeline)."""
