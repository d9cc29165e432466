"""LTI 1.3: a learning platform opens tests here, and gets scores back (docs/LTI.md).

`views` is the door. Behind it: a launch is verified (`messages`), its people and places are stored
(`places`), and it is redeemed at once for a session's token (`launching`); nothing of it is kept in a cookie
or in Redis. What goes to the platform later waits in an outbox (`outbox`). Imports rows, `outgoing`,
`sitting` and `reporting`; `admin`, `tasks` and the student's page call it.
"""
