"""Messages to other systems about what happened: thin, signed, and never lost (docs/WEBHOOKS.md).

The outbox is written by triggers, in the transaction of the event itself: whatever writes the event, and
however it dies, there is a message if and only if it happened. A task sends what is due. Imports rows and
replies; `api`, `admin` and `tasks` call it.
"""
