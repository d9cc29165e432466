"""What the desk gives as PDF: reports of students, and slips. The same words as on the desk's pages."""
