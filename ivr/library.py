"""Flows ready to run: each version is read once, which one is published is asked for every call."""

import logging
from collections.abc import Mapping
from typing import Any

from crm_core.kernel.db import Connection
from ivr import service, store
from ivr.definition import InvalidFlowError
from ivr.flow import Flow

log = logging.getLogger("ivr")
MOST_KEPT = 50


class FlowLibrary:
    """One per process. A version never changes once it was published, so nothing kept here can be stale."""

    def __init__(self) -> None:
        self._flows: dict[tuple[str, int], Flow] = {}

    async def current(self, conn: Connection, name: str) -> Flow:
        """What a call that begins now runs; the shipped flow when the published one cannot be read."""
        version = await store.published_version(conn, name)
        if version is None:
            log.error("no published flow, the shipped one runs", extra={"flow": name})
            return service.shipped(name)
        if (name, version) not in self._flows:
            found = await store.get(conn, name, version)
            self._keep(name, version, found.definition if found else {})
        return self._flows[name, version]

    def _keep(self, name: str, version: int, definition: Mapping[str, Any]) -> None:
        if len(self._flows) >= MOST_KEPT:
            self._flows.clear()
        try:
            self._flows[name, version] = service.check(definition, name, version=version)
        except InvalidFlowError as error:
            log.warning("the published flow is broken, the shipped one runs", extra={"flow": name, "error": str(error)})
            self._flows[name, version] = service.shipped(name)
