"""Tables of item parameters, as other programs print them → the parameters of a pool's questions.

Pure: no Django, no rows. `reading` makes a table of a file or a pasted text, `recognising` says which
program's table it could be and why, `forms` computes a question's parameters, `joining` puts them beside
a pool's questions. Nothing is guessed silently: whatever a header leaves open is a `Choice`.
"""
