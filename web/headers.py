"""The headers that keep a page to itself."""

from web.deps import WebSettings

HSTS = "max-age=31536000"


def headers_for(settings: WebSettings, nonce: str) -> dict[str, str]:
    """No inline script, nothing from another host; after the first visit by https never again without."""
    found = {
        "Content-Security-Policy": _policy(settings, nonce),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return found | ({"Strict-Transport-Security": HSTS} if settings.is_secure else {})


def _policy(settings: WebSettings, nonce: str) -> str:
    styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    # 'self' means our WebSocket too, but not to every browser
    socket = settings.public_url.replace("http", " ws", 1)
    return (
        f"default-src 'none'; script-src 'self'; style-src {styles}; img-src 'self' data:; font-src 'self'; "
        f"media-src 'self' blob:; connect-src 'self'{socket}; worker-src 'self' blob:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    )
