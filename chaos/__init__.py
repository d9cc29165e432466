"""Real servers, many students, faults: is any answer lost, doubled or different? docs/TRUST.md says more."""
