"""Links of invitations by e-mail, where a mail server is set (`EMAIL_URL`): `sending` asks for them and tells
what became of each, `outbox` sends what is due, `letters` is what they say.

Imports `outgoing`, `administration` and rows.
"""
