"""A manager interface without an Asterisk: what the adapter needs, and calls that end as the test says.

The contract tests run on this and on the real one, so it cannot lie.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

# SIP status a number answers with -> (reason of OriginateResponse, Q.850 cause)
VERDICTS = {486: (0, 17), 480: (0, 19), 603: (0, 21), 404: (0, 1), 503: (0, 34)}
Headers = dict[str, str]


class FakeAmi:
    """`answers_with`: 200, a SIP status of VERDICTS, or 0 for a telephone that rings to the end."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.port = 0
        self.answers_with = 200
        self.placed: list[Headers] = []
        self.contexts = {"reminder", "click-to-dial"}
        self._members: dict[str, str] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._numbers = count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, event: str, **headers: str) -> None:
        """An event to everybody who is logged in."""
        for writer in self._writers:
            self._send(writer, Event=event, **headers)

    def _send(self, writer: asyncio.StreamWriter, **headers: str) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while block := await reader.readuntil(b"\r\n\r\n"):
                headers: Headers = {}
                for line in block.decode().strip().split("\r\n"):
                    name, _, value = line.partition(": ")
                    headers[name] = value
                if not self._answer(writer, headers):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        self._writers.discard(writer)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, headers: Headers) -> bool:
        action, action_id = headers["Action"], headers.get("ActionID", "")
        if action == "Login":
            if headers.get("Secret") != self.secret:
                self._send(writer, Response="Error", ActionID=action_id, Message="Authentication failed")
                return False
            self._writers.add(writer)
            self._send(writer, Response="Success", ActionID=action_id, Message="Authentication accepted")
            return True
        known: dict[str, Callable[[asyncio.StreamWriter, str, Headers], None]] = {
            "Ping": self._ping,
            "QueueStatus": self._queue_status,
            "QueueAdd": self._queue_add,
            "QueueRemove": self._queue_remove,
            "CoreShowChannels": self._channels,
            "UserEvent": self._user_event,
            "Originate": self._originate,
        }
        known.get(action, self._unknown)(writer, action_id, headers)
        return True

    def _ping(self, writer: asyncio.StreamWriter, action_id: str, _: Headers) -> None:
        self._send(writer, Response="Success", ActionID=action_id, Ping="Pong", Timestamp="1.0")

    def _unknown(self, writer: asyncio.StreamWriter, action_id: str, _: Headers) -> None:
        self._send(writer, Response="Error", ActionID=action_id, Message="Invalid/unknown command")

    def _list(self, writer: asyncio.StreamWriter, action_id: str, end: str, rows: list[Headers]) -> None:
        self._send(writer, Response="Success", ActionID=action_id, EventList="start", Message="will follow")
        for row in rows:
            self._send(writer, **row, ActionID=action_id)
        self._send(writer, Event=end, ActionID=action_id, EventList="Complete", ListItems=str(len(rows)))

    def _queue_status(self, writer: asyncio.StreamWriter, action_id: str, _: Headers) -> None:
        rows = [{"Event": "QueueParams", "Queue": "operators"}]
        rows += [
            {"Event": "QueueMember", "Queue": "operators", "Location": interface, "Paused": paused}
            for interface, paused in self._members.items()
        ]
        self._list(writer, action_id, "QueueStatusComplete", rows)

    def _queue_add(self, writer: asyncio.StreamWriter, action_id: str, headers: Headers) -> None:
        if headers["Interface"] in self._members:
            message = "Unable to add interface: Already there"
            self._send(writer, Response="Error", ActionID=action_id, Message=message)
            return
        self._members[headers["Interface"]] = "1" if headers.get("Paused") == "true" else "0"
        self._send(writer, Response="Success", ActionID=action_id, Message="Added interface to queue")

    def _queue_remove(self, writer: asyncio.StreamWriter, action_id: str, headers: Headers) -> None:
        if self._members.pop(headers["Interface"], None) is None:
            self._send(writer, Response="Error", ActionID=action_id, Message="Unable to remove interface: Not there")
        else:
            self._send(writer, Response="Success", ActionID=action_id, Message="Removed interface from queue")

    def _channels(self, writer: asyncio.StreamWriter, action_id: str, _: Headers) -> None:
        self._list(writer, action_id, "CoreShowChannelsComplete", [])

    def _user_event(self, writer: asyncio.StreamWriter, action_id: str, headers: Headers) -> None:
        self._send(writer, Response="Success", ActionID=action_id, Message="Event Sent")
        extra = {name: value for name, value in headers.items() if name not in ("Action", "ActionID", "UserEvent")}
        self.say("UserEvent", UserEvent=headers["UserEvent"], **extra)

    def _originate(self, writer: asyncio.StreamWriter, action_id: str, headers: Headers) -> None:
        if headers["Context"] not in self.contexts:
            self._send(writer, Response="Error", ActionID=action_id, Message="Extension does not exist.")
            return
        self.placed.append(headers)
        self._send(writer, Response="Success", ActionID=action_id, Message="Originate successfully queued")
        task = asyncio.get_running_loop().create_task(self._ring(action_id, headers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ring(self, action_id: str, headers: Headers) -> None:
        uniqueid = headers.get("ChannelId") or f"1.{next(self._numbers)}"
        leg = {"Channel": f"PJSIP/carrier-{next(self._numbers):08x}", "Uniqueid": uniqueid, "Linkedid": uniqueid}
        self.say("Newchannel", **leg, ChannelState="0")
        if self.answers_with == 0:
            await asyncio.sleep(int(headers["Timeout"]) / 1000)
        reason, cause = {200: (4, 0), 0: (3, 19)}.get(self.answers_with) or VERDICTS[self.answers_with]
        said = "Success" if reason == 4 else "Failure"
        self.say("OriginateResponse", ActionID=action_id, Response=said, Uniqueid=uniqueid, Reason=str(reason))
        if reason != 4:
            self.say("Hangup", **leg, ChannelState="0", Cause=str(cause), Cause_txt="x")


@asynccontextmanager
async def fake_ami(secret: str = "secret of the fake") -> AsyncIterator[FakeAmi]:
    """One on a free port."""
    made = FakeAmi(secret)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in list(made._writers):
            writer.transport.abort()
        for task in made._tasks:
            task.cancel()
