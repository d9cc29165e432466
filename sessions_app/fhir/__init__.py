"""Another door: HL7 FHIR R4, Structured Data Capture, for what patients report of themselves (docs/FHIR.md).

A named test is an adaptive Questionnaire. `$next-question` takes a QuestionnaireResponse and gives it back
with the next question, or completed and with scores. What is recorded, replayed and verified is a session
like any other.
"""
