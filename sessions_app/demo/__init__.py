"""A class that has taken a test, so that the pages for teachers show something on the first day.

Made by the code that makes classes and tests in production, answer by answer. Imports `administration`,
`sitting` and `models`.
"""
