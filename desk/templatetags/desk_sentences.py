"""`{{ sentence|said }}`: what the engine says, in the reader's language."""

from django import template

from desk.sentences import translated
from testing_engine.parameter_tables.sentences import Sentence

register = template.Library()


@register.filter
def said(sentence: Sentence) -> str:
    return translated(sentence)
