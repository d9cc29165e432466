"""Organisations (schools, labs, clinics), who belongs to them, and the one query layer that keeps them apart.

At the bottom: imports nothing of ours. `acting` says for which organisation this request, task or command
acts; `owned` is what every model of the wings above stands on, and asks `acting` with each query.
"""
