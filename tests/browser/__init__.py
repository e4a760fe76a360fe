"""A real Chromium for the tests: windows with security keys, what a person does in them, an application to visit."""
