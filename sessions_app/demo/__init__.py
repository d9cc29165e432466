"""A class that has taken a test, so that the pages for teachers show something on the first day.

Made by the code that makes tests in production, answer by answer. Imports `sitting` and `models`.
"""
