"""A key that Chromium plays: it is added at the desk, and then the password alone is not enough."""

from django.contrib.auth.models import User
from playwright.sync_api import Page

PASSWORD = "a long password"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def log_in(page: Page) -> None:
    page.goto("/desk/log-in")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_a_key_is_added_and_asked_for(page: Page) -> None:
    User.objects.create_superuser("root", password=PASSWORD)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    log_in(page)
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="Add").click()
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes*")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/log-in*")
    log_in(page)
    page.wait_for_url("**/account/code")
    page.goto("/desk/")
    page.wait_for_url("**/log-in*")
    log_in(page)
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/desk/")
