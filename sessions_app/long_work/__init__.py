"""Work that nobody waits for in a request: asked for as a row, done by a worker, looked at meanwhile.

`jobs` claims, tells progress, ends, and takes up what dead workers left; `sending` gives it to the queue;
`files` keeps what it made, until nobody needs it any more. What the work is, the wings above say. Imports
`models`.
"""
