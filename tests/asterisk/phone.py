"""A telephone in the hands of a test: SIP and RTP over UDP, keys by RFC 4733, register, answer, hold, transfer.

Only as much SIP as Asterisk on the same machine needs.
"""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.asterisk.phone_media import EVENTS, Media, open_media


@dataclass
class Message:
    """A SIP request or response."""

    start: str
    headers: dict[str, str]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        """Of one datagram. Of repeated headers the first counts."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        return cls(start, headers, body)

    @property
    def status(self) -> int:
        """Of a response, 0 for a request."""
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """INVITE, BYE ..., also of a response."""
        return self.headers["cseq"].split(" ")[1]


@dataclass(kw_only=True)
class Line(Media):
    """One call of a phone."""

    phone: "Phone"
    call_id: str
    local: str  # From or To with our tag
    remote: str
    target: str
    invite: Message | None = None  # of a call that came in
    cseq: int = 1
    branch: str = ""
    status: int = 0
    is_up: bool = False
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)  # of a call that came in: our 200 arrived
    notified: list[str] = field(default_factory=list)  # how a transfer goes on
    replies: dict[int, asyncio.Future[Message]] = field(default_factory=dict)

    # -- signalling

    async def request(self, method: str, extra: str = "", body: str = "") -> Message:
        """Send a request in this dialog and await its final response."""
        answer = await self._ask(method, extra, body)
        if answer.status == 401:
            if method == "INVITE":
                self.phone.send(self.compose("ACK", self.cseq))
            answer = await self._ask(method, extra + self.phone.authorization(answer, method, self.target), body)
        return answer

    async def _ask(self, method: str, extra: str, body: str) -> Message:
        self.cseq += 1
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.replies[self.cseq] = reply
        self.phone.send(self.compose(method, self.cseq, extra, body))
        async with asyncio.timeout(60):
            return await reply

    def compose(self, method: str, cseq: int, extra: str = "", body: str = "", branch: str = "") -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {self.target} SIP/2.0\r\n"
            f"Via: {self.phone.via(branch)}\r\n"
            f"Max-Forwards: 70\r\nFrom: {self.local}\r\nTo: {self.remote}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: {self.phone.contact}\r\n{extra}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def sdp(self, direction: str = "sendrecv") -> str:
        port = self.media.get_extra_info("sockname")[1]
        return (
            "v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 {EVENTS}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{EVENTS} telephone-event/8000\r\na=fmtp:{EVENTS} 0-16\r\na={direction}\r\n"
        )

    async def hang_up(self) -> None:
        """BYE, CANCEL or 486, whatever ends it now."""
        if self.is_over.is_set():
            return
        if self.is_up:
            await self.request("BYE")
        elif self.invite:
            self.phone.reply(self.invite, 486, "Busy Here", self.local)
        else:
            self.phone.send(self.compose("CANCEL", self.cseq, branch=self.branch))
        self.over()

    async def hold(self) -> None:
        """The other side hears music."""
        if self.invite:  # a new offer before that is not listened to, and we send nothing twice
            async with asyncio.timeout(60):
                await self.acknowledged.wait()
        assert (await self.request("INVITE", body=self.sdp("sendonly"))).status == 200
        self.phone.send(self.compose("ACK", self.cseq))

    async def unhold(self) -> None:
        """Speak again."""
        assert (await self.request("INVITE", body=self.sdp())).status == 200
        self.phone.send(self.compose("ACK", self.cseq))

    async def transfer(self, to: str, consulted: "Line | None" = None) -> int:
        """REFER the other side to `to`; with `consulted`, to the one we spoke with meanwhile."""
        replaces = ""
        if consulted:
            tags = [re.findall(r"tag=([^;>]+)", text)[0] for text in (consulted.remote, consulted.local)]
            replaces = f"?Replaces={consulted.call_id.replace('@', '%40')}%3Bto-tag%3D{tags[0]}%3Bfrom-tag%3D{tags[1]}"
        refer_to = (
            f"Refer-To: <sip:{to}@127.0.0.1:{self.phone.server[1]}{replaces}>\r\nReferred-By: {self.phone.contact}\r\n"
        )
        return (await self.request("REFER", refer_to)).status

    def accept(self) -> None:
        """Answer a call that came in."""
        assert self.invite
        self.phone.reply(self.invite, 200, "OK", self.local, self.sdp())
        self.up(self.invite)

    def up(self, message: Message) -> None:
        """Media flow from now on."""
        found = re.search(r"m=audio (\d+)", message.body)
        self.rtp_to = ("127.0.0.1", int(found[1])) if found else None
        if not self.is_up:
            self.is_up = True
            self.talking = asyncio.get_running_loop().create_task(self._talk())
        self.answered.set()

    def over(self) -> None:
        """No call any more."""
        self.is_up = False
        self.is_over.set()
        self.answered.set()
        if self.talking:
            self.talking.cancel()
        self.media.close()


class Phone(asyncio.DatagramProtocol):
    """A subscriber. `rings` gets every call that comes in."""

    def __init__(self, user: str, password: str, server: tuple[str, int]) -> None:
        self.user = user
        self.password = password
        self.server = server
        self.port = 0
        self.lines: dict[str, Line] = {}
        self.rings: asyncio.Queue[Line] = asyncio.Queue()
        self.registers: dict[str, asyncio.Future[Message]] = {}
        self.reject_with = 0  # e.g. 486: nobody answers here
        self.moved_to = ""  # an address: the next call that comes in is sent there by 302
        self.replaces = ""
        self.identity = ""  # the number we say is ours
        self.picks_up = False  # at once, without the test's help
        self.transport: asyncio.DatagramTransport | None = None

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@127.0.0.1:{self.port}>"

    def via(self, branch: str = "") -> str:
        return f"SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={branch or 'z9hG4bK' + secrets.token_hex(8)}"

    def send(self, text: str) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.sendto(text.encode(), self.server)

    def reply(
        self, request: Message, status: int, reason: str, to: str = "", body: str = "", contact: str = ""
    ) -> None:
        """Answer a request of Asterisk's."""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            f"SIP/2.0 {status} {reason}\r\nVia: {request.headers['via']}\r\nFrom: {request.headers['from']}\r\n"
            f"To: {to or request.headers['to']}\r\nCall-ID: {request.headers['call-id']}\r\n"
            f"CSeq: {request.headers['cseq']}\r\nContact: {contact or self.contact}\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    async def _line(self, call_id: str, local: str, remote: str, target: str) -> Line:
        media, ear = await open_media()
        line = Line(phone=self, call_id=call_id, local=local, remote=remote, target=target, ear=ear, media=media)
        self.lines[call_id] = line
        return line

    # -- what a person does

    async def call(self, number: str, *, within_s: float = 60.0) -> Line:
        """Dial and wait until somebody answers or not: see `is_up` and `status`."""
        line = await self.dial(number)
        async with asyncio.timeout(within_s):
            await line.answered.wait()
        return line

    async def dial(self, number: str) -> Line:
        """Dial; the other side may still ring when this returns."""
        server = f"127.0.0.1:{self.server[1]}"
        local = f"<sip:{self.user}@127.0.0.1>;tag={secrets.token_hex(6)}"
        line = await self._line(secrets.token_hex(12), local, f"<sip:{number}@{server}>", f"sip:{number}@{server}")
        line.branch = "z9hG4bK" + secrets.token_hex(8)
        self.send(line.compose("INVITE", 1, self._asserted(), line.sdp(), branch=line.branch))
        return line

    def _asserted(self) -> str:
        identity = f"P-Asserted-Identity: <sip:{self.identity}@127.0.0.1>\r\n" if self.identity else ""
        return identity + (f"Require: replaces\r\nReplaces: {self.replaces}\r\n" if self.replaces else "")

    async def take_over(self, line: Line) -> Line:
        """Put ourselves in the place of another telephone's call (RFC 3891), as a reloaded page does."""
        tags = [re.findall(r"tag=([^;>]+)", text)[0] for text in (line.remote, line.local)]
        self.replaces = f"{line.call_id};to-tag={tags[0]};from-tag={tags[1]}"
        try:
            return await self.call("takeover")
        finally:
            self.replaces = ""

    async def register(self, *, expires_s: int = 120) -> None:
        """Say where we are; with a password when asked. `expires_s` 0: here no longer."""
        uri, call_id = f"sip:127.0.0.1:{self.server[1]}", secrets.token_hex(12)
        authorization = ""
        for cseq in (1, 2):
            reply = self.registers[call_id] = asyncio.get_running_loop().create_future()
            self.send(
                f"REGISTER {uri} SIP/2.0\r\nVia: {self.via()}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:{self.user}@127.0.0.1>;tag=r\r\nTo: <sip:{self.user}@127.0.0.1>\r\nCall-ID: {call_id}\r\n"
                f"CSeq: {cseq} REGISTER\r\nContact: {self.contact}\r\nExpires: {expires_s}\r\n{authorization}"
                "Content-Length: 0\r\n\r\n"
            )
            async with asyncio.timeout(60):
                answer = await reply
            if answer.status == 200:
                return
            authorization = self.authorization(answer, "REGISTER", uri)
        raise AssertionError(f"registration refused: {answer.start}")

    def authorization(self, challenge: Message, method: str, uri: str) -> str:
        """The header that answers a 401."""
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.headers["www-authenticate"]))
        cnonce = secrets.token_hex(4)

        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        secret = md5(self.user, given["realm"], self.password)
        response = md5(secret, given["nonce"], "00000001", cnonce, "auth", md5(method, uri))
        return (
            f'Authorization: Digest username="{self.user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{cnonce}"'
            + (f', opaque="{given["opaque"]}"' if "opaque" in given else "")
            + "\r\n"
        )

    async def next_ring(self, *, within_s: float = 60.0) -> Line:
        """The next call that comes in."""
        async with asyncio.timeout(within_s):
            return await self.rings.get()

    # -- what comes in

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One SIP message."""
        message = Message.parse(data)
        line = self.lines.get(message.headers["call-id"])
        if message.status:
            self._on_response(message, line)
        elif message.method == "INVITE" and line is None:
            asyncio.get_running_loop().create_task(self._on_ring(message))
        elif message.method == "INVITE" and line is not None and line.is_up:
            self.reply(message, 200, "OK", line.local, line.sdp())
        elif message.method in ("BYE", "CANCEL"):
            self.reply(message, 200, "OK")
            if line and message.method == "CANCEL" and line.invite:
                self.reply(line.invite, 487, "Request Terminated", line.local)
            if line:
                line.over()
        elif message.method == "ACK" and line:
            line.acknowledged.set()
        elif message.method not in ("ACK", "INVITE"):
            self.reply(message, 200, "OK")
            if line and message.method == "NOTIFY":
                line.notified.append(message.body.strip())

    def _on_response(self, message: Message, line: Line | None) -> None:
        if message.method == "REGISTER":
            future = self.registers.pop(message.headers["call-id"], None)
            if future:
                future.set_result(message)
        if line is None or message.status < 180:
            return
        number = int(message.headers["cseq"].split(" ")[0])
        if number in line.replies and message.status >= 200:
            line.replies.pop(number).set_result(message)
        elif message.method == "INVITE" and message.status == 401 and number == 1:
            self.send(line.compose("ACK", number, branch=line.branch))
            line.cseq, line.branch = 2, "z9hG4bK" + secrets.token_hex(8)
            authorization = self._asserted() + self.authorization(message, "INVITE", line.target)
            self.send(line.compose("INVITE", 2, authorization, line.sdp(), branch=line.branch))
        elif message.method == "INVITE" and not line.is_up:
            self._on_invite_response(message, line, number)

    def _on_invite_response(self, message: Message, line: Line, number: int) -> None:
        line.status = message.status
        if message.status < 200:
            return
        line.remote = message.headers["to"]
        if message.status == 200:
            line.target = re.findall(r"<([^>]+)>", message.headers["contact"])[0]
            self.send(line.compose("ACK", number))
            line.up(message)
        else:
            self.send(line.compose("ACK", number, branch=line.branch))
            line.over()

    async def _on_ring(self, message: Message) -> None:
        tagged = f"{message.headers['to']};tag={secrets.token_hex(6)}"
        if self.moved_to:
            self.reply(message, 302, "Moved Temporarily", tagged, contact=f"<{self.moved_to}>")
            self.moved_to = ""
            return
        target = re.findall(r"<([^>]+)>", message.headers["contact"])[0]
        line = await self._line(message.headers["call-id"], tagged, message.headers["from"], target)
        line.invite = message
        if self.reject_with:
            self.reply(message, self.reject_with, "No", tagged)
            line.over()
            return
        self.reply(message, 180, "Ringing", tagged)
        self.rings.put_nowait(line)
        if self.picks_up:
            line.accept()


@asynccontextmanager
async def phone(sip_port: int, user: str, password: str = "", *, port: int = 0) -> AsyncIterator[Phone]:
    """A phone for as long as the block runs; its calls end with it."""
    made = Phone(user, password, ("127.0.0.1", sip_port))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, ("127.0.0.1", port))
    made.transport, made.port = transport, transport.get_extra_info("sockname")[1]
    try:
        yield made
    finally:
        for line in made.lines.values():
            if not line.is_over.is_set():
                try:
                    await line.hang_up()
                except TimeoutError:
                    line.over()
        transport.close()
