"""What this service sends to others by itself: how it goes over the network, and the outboxes where it waits.

An outbox is a table of messages that is filled in the transaction of what happened, by a trigger or by what
asks for them: however that dies, there is a message if and only if it happened. A task sends what is due.
Imports rows; `webhooks`, `lti` and `mailing` say what their messages are.
"""
