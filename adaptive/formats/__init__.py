"""How Django writes moments on the admin's pages: its own English way names no time zone."""
