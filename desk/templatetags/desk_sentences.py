"""`{{ sentence|said }}`: what the engine says, in the reader's language."""

from django import template

from desk.sentences import translated

register = template.Library()


@register.filter
def said(text: str) -> str:
    return translated(text)
