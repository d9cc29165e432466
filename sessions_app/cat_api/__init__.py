"""1EdTech's CAT API v1: another system shows and scores the questions, this one chooses and measures.

A door beside `api` (docs/CAT-API.md): it reads the protocol's JSON, calls `sitting`, and answers in the
protocol's terms. What came this way is stored, chained, replayed and verified like any other answer. From
`api` it takes who calls, and how bodies are read.
"""
