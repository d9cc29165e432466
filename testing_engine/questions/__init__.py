"""What a question asks, what a student may answer, and what an answer earns. Pure: no Django, no clock, no
chance.

`interactions` says what is asked; `answers` checks an answer's shape; `expressions` and `program` say what it
earns;
`attainable` enumerates the scores that a question can give, which become its categories.
"""
