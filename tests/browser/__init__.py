"""A real Chromium for the tests: windows, security keys in their USB port, certificates, accessibility, a served app."""
