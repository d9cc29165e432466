"""What this service sends to others by itself: how it goes over the network, and the outboxes where it waits.

An outbox is a table of messages that a trigger fills, in the transaction of what happened: whatever writes
that, and however it dies, there is a message if and only if it happened. A task sends what is due. Imports
rows; `webhooks` and `lti` say what their messages are.
"""
