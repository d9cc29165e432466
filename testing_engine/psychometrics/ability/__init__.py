"""What answers say of a student: priors, posteriors, estimators, and their standard errors.

Imports `items` and `components`.
"""
