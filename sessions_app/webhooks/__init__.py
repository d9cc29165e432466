"""Messages to other systems about what happened: thin, signed, and never lost (docs/WEBHOOKS.md).

Triggers write them into an outbox (`outgoing`), with the event itself. Imports rows and replies; `api`,
`admin` and `tasks` call it.
"""
