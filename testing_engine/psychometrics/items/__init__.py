"""What a question is to the engine: response models, and the bank that holds a pool's parameters as arrays.

Imports nothing of the other chapters.
"""
