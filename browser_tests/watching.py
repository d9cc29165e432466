"""What goes wrong in a page without its looking wrong."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

# The browser breaks off what it was loading when the page is left. That is no failure of the page.
BROKEN_OFF = "net::ERR_ABORTED"


@dataclass
class Watch:
    """Notes errors of the console and of scripts, failed requests, and requests to any other host."""

    own_address: str
    troubles: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *texts: str) -> None:
        """From the start of the test on, a trouble that contains one of these texts is none."""
        self.expected += texts

    def unexpected(self) -> list[str]:
        return [said for said in self.troubles if not any(text in said for text in self.expected)]

    def follow(self, context: BrowserContext) -> None:
        """All pages of this context, also those that it opens later."""
        context.on("console", self._console)
        context.on("weberror", self._script)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _script(self, error: WebError) -> None:
        self.troubles.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.own_address, "data:", "blob:")):
            self.troubles.append(f"another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != BROKEN_OFF:
            self.troubles.append(f"failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"{response.status}: {response.request.method} {response.url}")


def width_beyond_screen(page: Page) -> int:
    """By how many pixels the page is wider than the screen; above 0 one must scroll sideways to read."""
    script = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    beyond: int = page.evaluate(script)
    return beyond
