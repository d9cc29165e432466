"""PostgreSQL as Django knows it, with connections of a pool looked at without a question to the server."""
