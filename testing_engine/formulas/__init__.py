"""LaTeX → MathML Core, the part of MathML that Chromium, Firefox and Safari all draw. Pure."""
