"""What the OpenAPI document says of each endpoint, beside the views: one module a tag, one `Endpoint` a view.

A view names its own (`documentation = taking_tests.START`), `api.schema` looks it up. Schemas are not here:
they come from the structs in `sessions_app.replies` and the serializers of requests.
"""
