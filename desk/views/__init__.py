"""The desk's views: parse, call one function of the domain, render."""
