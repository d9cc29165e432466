"""The way in for people with accounts: by password and a second factor, or by their own institution's log-in.

django-allauth speaks OpenID Connect, SAML and WebAuthn; here stands who may come in, as whom, and with which
rights (docs/SIGN_ON.md). The password stays a way in of its own, for the day on which the other one is
broken.
"""
