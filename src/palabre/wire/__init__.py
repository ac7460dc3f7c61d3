"""The words on the wire, defined once. The OpenAPI document and the web client's types come from here."""
