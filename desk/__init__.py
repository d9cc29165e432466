"""Pages for people who teach and measure (docs/DESK.md).

Views call one function of the domain and render what it returns. No rows, no ORM and no rules of the business
here; what is written, the domain's functions write.
"""
