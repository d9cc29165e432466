"""What people do with pools and questions at a page: find, make, copy and archive pools; write questions.

It returns values, never rows, and stands on `pools` (which alone writes), `interchange.questions` (which
alone validates) and `rendering`. It knows no request and no form.
"""
