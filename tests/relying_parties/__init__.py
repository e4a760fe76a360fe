"""Sample relying parties, to be copied by whoever connects a subsystem: OpenID Connect, SAML, and a door."""
