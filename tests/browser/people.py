"""People in front of a browser: an agent who logs in, a page whose complaints are remembered."""

from dataclasses import dataclass, field

from playwright.async_api import Browser, ConsoleMessage, Page, Request

WIDTHS = {"desktop": (1440, 900), "telephone": (390, 844)}
SILENT = "WebSocket connection to"  # the small hospital has no Asterisk behind its telephones


@dataclass
class Seat:
    """One person's page. `complaints` are the console's errors, `strangers` requests to other hosts."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """From now on."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(SILENT):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.strangers.append(request.url)


async def sit_down(chromium: Browser, base: str, *, locale: str = "en-GB", size: str = "desktop") -> Seat:
    """A browser of one's own, not logged in."""
    width, height = WIDTHS[size]
    context = await chromium.new_context(
        permissions=["microphone"], locale=locale, viewport={"width": width, "height": height}, base_url=base
    )
    context.set_default_timeout(60_000)
    seat = Seat(await context.new_page(), base)
    seat.watch()
    return seat


async def log_in(seat: Seat, login: str, password: str) -> None:
    """Through the login page, as a person does."""
    await seat.page.goto("/login")
    await seat.page.fill("#login", login)
    await seat.page.fill("#password", password)
    await seat.page.click("form[action='/login'] button:not([type])")
    await seat.page.wait_for_selector("#nav")


async def speak_chinese(seat: Seat) -> None:
    """From now on, by the button in the page's head."""
    await seat.page.click("form[action='/language'] button[lang='zh-CN']")
    await seat.page.wait_for_selector("html[lang='zh-CN']")
